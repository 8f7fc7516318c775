/* notice_look.h - notices of ours pass intake, as the queue asks for it
 * (internal_mail_filter_classes). */
#ifndef PROXY_NOTICE_LOOK_H
#define PROXY_NOTICE_LOOK_H

#include <stdbool.h>

struct conf;
struct err;
struct hall;
struct notice_looks;
struct smtp_service;

/* notice_look_wanted(conf, err): the main.cf says so; what makes no sense there
 * is in ${err}. */
bool notice_look_wanted(struct conf *conf, struct err *err);

/*
 * notice_look_open(hall, service):
 * From now on, what the queue has for intake is taken up by ${hall}'s loop, a few
 * at a time: workers have it pass the content checks and milters of ${service}
 * (smtp_service_internal), and the queue gets what came of it.  Both must outlive
 * it.  notice_look_retire(all): no more are taken.  notice_look_close(all):
 * when no worker is busy any more; both allow NULL.
 */
struct notice_looks *
notice_look_open(struct hall *hall, const struct smtp_service *service);
void notice_look_retire(struct notice_looks *all);
void notice_look_close(struct notice_looks *all);

#endif
