/* client_events.c - what clients have done lately. */
#include "proxy/client_events.h"

#include "base/clock.h"
#include "t/tap.h"

static struct client_key
key(const char *addr, unsigned place)
{
	struct client_key k = { .place = place };

	(void)net_parse(addr, &k.net);
	return k;
}

static void
test_open(struct client_events *c)
{
	struct client_key a = key("192.0.2.1", 0), b = key("192.0.2.1", 1);

	ok(client_events_open(c, &a) == 1, "one connection");
	ok(client_events_open(c, &a) == 2, "connections add up");
	ok(client_events_open(c, &b) == 1, "another service is counted apart");
	client_events_close(c, &a);
	ok(client_events_open(c, &a) == 2, "one less, one more");
	client_events_close(c, &a);
	client_events_close(c, &a);
	client_events_close(c, &b);
	ok(client_events_open(c, &a) == 1, "nothing is left of the old ones");
	client_events_close(c, &a);
}

static void
test_rate(struct client_events *c)
{
	struct client_key a = key("2001:db8::1", 0), b = key("2001:db8::2", 0);
	enum { HOUR = 3600 };

	ok(client_events_get(c, &a, CLIENT_EVENT_MAIL, HOUR * CLOCK_SECOND) ==
		0,
	    "nothing yet");
	for (unsigned i = 1; i <= 3; i++)
		ok(client_events_add(
		       c, &a, CLIENT_EVENT_MAIL, HOUR * CLOCK_SECOND) == i,
		    "%u", i);
	ok(client_events_add(c, &a, CLIENT_EVENT_RCPT, HOUR * CLOCK_SECOND) ==
		1,
	    "other events apart");
	ok(client_events_add(c, &b, CLIENT_EVENT_MAIL, HOUR * CLOCK_SECOND) ==
		1,
	    "other clients apart");
	(void)client_events_open(c, &a);
	client_events_close(c, &a);
	ok(client_events_get(c, &a, CLIENT_EVENT_MAIL, HOUR * CLOCK_SECOND) ==
		3,
	    "rates survive the connection");
	ok(client_events_get(c, &a, CLIENT_EVENT_MAIL, 0) == 0,
	    "but not their time");
	ok(client_events_add(c, &a, CLIENT_EVENT_MAIL, 0) == 1,
	    "the next unit begins with the next event");
}

/* Many clients, each once: those whose time is over make room. */
static void
test_many(struct client_events *c)
{
	struct client_key k = key("10.0.0.0", 0);
	bool good = true;

	for (unsigned i = 0; i < 100000; i++) {
		k.net.octets[1] = (unsigned char)(i >> 16);
		k.net.octets[2] = (unsigned char)(i >> 8);
		k.net.octets[3] = (unsigned char)i;
		good = good &&
		    client_events_add(c, &k, CLIENT_EVENT_CONNECT, 0) == 1;
	}
	ok(good, "a hundred thousand clients");
}

int
main(void)
{
	struct client_events *c = client_events_new();

	test_open(c);
	test_rate(c);
	test_many(c);
	client_events_free(c);
	client_events_free(NULL);
	return done_testing();
}
