/* probe.h - probes of addresses: an empty message on its way to an address,
 * which ends before anybody has to keep it (Postfix's verify(8)).
 *
 * Smtp and lmtp transports ask the next hop; what the other agents would do is
 * told from the tables that say which addresses there are. */
#ifndef PROXY_PROBE_H
#define PROXY_PROBE_H

/* Probes at once, each of which may have a connection; others wait. */
enum { PROBE_THREADS = 64 };

struct conf;
struct cut_ways;
struct err;
struct master;
struct probes;
struct verify;
struct world;

/* probe_open(master, conf, ways, err): read the settings; all must outlive it.
 * NULL and ${err}: a parameter is wrong.  Tables that cannot be opened are told
 * of in ${err}, too. */
struct probes *probe_open(const struct master *master, struct conf *conf,
    const struct cut_ways *ways, struct err *err);
void probe_close(struct probes *probes);

/* probe_start(probes, verify, world): from now on ${verify} has its probes sent,
 * by threads of our own; both must stay until probe_stop(probes), which drops
 * those that wait and blocks until the others have ended. */
void
probe_start(struct probes *probes, struct verify *verify, struct world *world);
void probe_stop(struct probes *probes);

#endif
