/* catchall.h - virtual aliases that pass all mail of a domain on to another
 * site: for weir check. */
#ifndef CLASSES_CATCHALL_H
#define CLASSES_CATCHALL_H

struct conf;
struct route;
struct world;

/*
 * catchall_review(conf, route, world, say, arg):
 * Call say(arg, "file:line: advice") for the first such entry ("@domain") of
 * each local table in virtual_alias_maps that can be listed.  In ${world} is
 * found out what is at another site.
 */
void catchall_review(struct conf *conf, struct route *route,
    struct world *world, void (*say)(void *arg, const char *text), void *arg);

#endif
