/* When DNS lists are tested, suspended and tried again. */
#include "checks/dnsbl_health.h"

#include <string.h>

#include "base/clock.h"
#include "base/dns.h"
#include "t/tap.h"

static struct dns_record two = { .octets = { 127, 0, 0, 2 } };
static struct dns_record refused = { .octets = { 127, 255, 255, 254 } };
static const struct dns_answer listed = {
	.status = DNS_FOUND, .records = &two, .count = 1
};
static const struct dns_answer failure = {
	.status = DNS_FOUND, .records = &refused, .count = 1
};
static const struct dns_answer none = { .status = DNS_NXDOMAIN };
static const struct dns_answer unknown = { .status = DNS_RETRY };

static struct dnsbl_health_times times = {
	.now = 0, .interval = 3600 * CLOCK_SECOND, .suspend = 600 * CLOCK_SECOND
};
static const struct dnsbl_list list = { .zone = "bl.example" };
static unsigned heard;
static bool is_bad;

static void
hear(void *arg, const char *zone, const char *why)
{
	heard += strcmp(zone, "bl.example") == 0 && arg == &heard;
	is_bad = why != NULL;
}

static void
judge(const struct dns_answer *has, const struct dns_answer *lacks)
{
	dnsbl_health_judge(&list, &times, NULL, has, lacks);
}

static void
after(int64_t seconds)
{
	times.now += seconds * CLOCK_SECOND;
}

int
main(void)
{
	const struct dnsbl_list names = { .zone = "bl.example",
		.by_name = true };

	dnsbl_health_listen(hear, &heard);
	ok(dnsbl_health_due(&list, &times), "a new list is to be tested");
	ok(!dnsbl_health_due(&list, &times), "by one session");
	ok(dnsbl_health_due(&names, &times), "a list of names is another");
	judge(&listed, &none);
	ok(heard == 0 && !dnsbl_health_suspended(&list), "it is good");
	after(3599);
	ok(!dnsbl_health_due(&list, &times), "and not tested for an hour");
	after(2);
	ok(dnsbl_health_due(&list, &times), "but then");
	judge(&unknown, &unknown);
	ok(!dnsbl_health_suspended(&list), "no answer is no evidence");
	after(601);
	ok(dnsbl_health_due(&list, &times), "so it is tested again soon");
	judge(&unknown, &listed);
	ok(dnsbl_health_suspended(&list) && heard == 1 && is_bad,
	    "it lists what no list may");
	ok(!dnsbl_health_suspended(&names), "the other does not");
	ok(dnsbl_health_resting(&list, times.now), "it rests");
	after(601);
	ok(!dnsbl_health_resting(&list, times.now) &&
		dnsbl_health_suspended(&list),
	    "and is then asked, but not yet believed");
	ok(dnsbl_health_due(&list, &times) &&
		dnsbl_health_resting(&list, times.now),
	    "by one session");
	judge(&failure, &none);
	ok(dnsbl_health_suspended(&list) && heard == 1,
	    "still broken, in another way: nothing is said");
	after(601);
	ok(dnsbl_health_due(&list, &times), "once more");
	judge(&none, &none);
	ok(!dnsbl_health_suspended(&list) && heard == 2 && !is_bad,
	    "it works again, if without the entry that it should have");
	dnsbl_health_blame(&list, &times, NULL, refused.octets);
	ok(dnsbl_health_suspended(&list) && heard == 3,
	    "an error in answer to a question");
	ok(!dnsbl_health_listing((const unsigned char[]){ 128, 0, 0, 1 }) &&
		!dnsbl_health_listing(refused.octets) &&
		dnsbl_health_listing((const unsigned char[]){ 127, 255, 0, 1 }),
	    "what is a listing");
	dnsbl_health_forget();
	ok(!dnsbl_health_suspended(&list), "forgotten");
	return done_testing();
}
