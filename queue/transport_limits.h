/* transport_limits.h - the parameters that bear the name of a transport:
 * <transport>_destination_concurrency_limit and so on (postconf(5)). */
#ifndef QUEUE_TRANSPORT_LIMITS_H
#define QUEUE_TRANSPORT_LIMITS_H

struct conf;
struct destination_limits;
struct err;
struct queue_params;

/*
 * transport_limits_read(limits, conf, params, transport, err):
 * Fill ${limits} from what ${conf} has for ${transport}, and where that has
 * nothing, from the default_... parameters in ${params}; so is what is no
 * number, which ${err} tells with its place (a line each; "": all is well).
 */
void transport_limits_read(struct destination_limits *limits, struct conf *conf,
    const struct queue_params *params, const char *transport, struct err *err);

#endif
