/* header_rewrite.h - the content stage that rewrites addresses in headers. */
#ifndef PROXY_HEADER_REWRITE_H
#define PROXY_HEADER_REWRITE_H

struct content_stage;
struct route;
struct route_header_how;
struct world;

/*
 * header_rewrite_new(route, how, world, next):
 * A stage that gives ${next} what it is given, the headers rewritten; when a
 * table cannot be asked, the message is rejected with 451.  NULL: headers of
 * such a client stay as they are.  ${route}, ${world} and ${next} outlive it.
 */
struct content_stage *
header_rewrite_new(struct route *route, const struct route_header_how *how,
    struct world *world, struct content_stage *next);

#endif
