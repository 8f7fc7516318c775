/* upstream.h - clients that come through a proxy
 * (smtpd_upstream_proxy_protocol). */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

struct session;

/* upstream_begin(s): nobody is greeted before the proxy has said who it is. */
void upstream_begin(struct session *s);

enum upstream_status {
	UPSTREAM_DONE, /* the client is known and may be greeted */
	UPSTREAM_WAIT, /* for more octets */
	UPSTREAM_OVER, /* logged and answered: the session must end */
};

/* upstream_read(s): read what has come of the header, and nothing behind it.
 * upstream_late(s): its time is up.  The loop only. */
enum upstream_status upstream_read(struct session *s);
void upstream_late(struct session *s);

#endif
