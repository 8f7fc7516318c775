/* probe_way.h - where a probe goes: addresses are rewritten and resolved as
 * those of mail are, with the routes of address_verify_transport_maps and its
 * relatives, and the agent that they lead to is asked. */
#ifndef PROXY_PROBE_WAY_H
#define PROXY_PROBE_WAY_H

struct arena;
struct conf;
struct cut_ways;
struct delivery;
struct err;
struct job;
struct job_rcpt;
struct master;
struct probe_ways;
struct proxy_params;

/* probe_way_open(master, conf, cut, params, err): as probe_open(). */
struct probe_ways *probe_way_open(const struct master *master,
    struct conf *conf, const struct cut_ways *cut,
    const struct proxy_params *params, struct err *err);
void probe_way_close(struct probe_ways *ways);

/* probe_way_complete(ways, arena, address): the internal form of an address of
 * main.cf. */
const char *probe_way_complete(
    const struct probe_ways *ways, struct arena *arena, const char *address);

/* probe_way_run(ways, d, job, rcpt): decide the one recipient of the probe
 * ${d}, which has begun; ${job} and ${rcpt}, those of ${d}, get its transport
 * and what its address becomes.  Blocks until d->once->until.  Any thread. */
void probe_way_run(struct probe_ways *ways, struct delivery *d, struct job *job,
    struct job_rcpt *rcpt);

#endif
