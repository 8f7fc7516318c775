/* rehearsal_given.h - what a script gives for a session that is only played: who
 * the client is, other settings, the world, the time. */
#ifndef WEIR_REHEARSAL_GIVEN_H
#define WEIR_REHEARSAL_GIVEN_H

struct call;
struct rehearsal;

/* rehearsal_given_client(r, name, addr): a session of that client begins.
 * rehearsal_given_conf(r): with the configuration as the caller has it. */
void
rehearsal_given_client(struct rehearsal *r, const char *name, const char *addr);
void rehearsal_given_conf(struct rehearsal *r);

/* Lines of a script with these words: an enum rehearsal_result, and the reason
 * where it is REHEARSAL_WRONG. */
int rehearsal_given_login(struct call *c);
int rehearsal_given_tls(struct call *c);
int rehearsal_given_fingerprint(struct call *c);
int rehearsal_given_set(struct call *c);
int rehearsal_given_world(struct call *c);
int rehearsal_given_time(struct call *c);
int rehearsal_given_reset(struct call *c);

#endif
