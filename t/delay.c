/* The rounding of delay= and delays= in delivery log lines. */
#include "delivery/delay.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "t/tap.h"

/* What Postfix's format_tv() makes of the same numbers. */
static const struct {
	int64_t seconds, micros;
	int digits;
	const char *want;
} cases[] = {
	{ 0, 0, 2, "0" },
	{ 0, 1, 2, "0" },
	{ 0, 4999, 2, "0" },
	{ 0, 5000, 2, "0.01" },
	{ 0, 123456, 2, "0.12" },
	{ 0, 123456, 0, "0" },
	{ 0, 123456, 1, "0.1" },
	{ 0, 123456, 6, "0.12" },
	{ 0, 1234, 6, "0.0012" },
	{ 0, 12, 6, "0.000012" },
	{ 0, 500000, 0, "1" },
	{ 0, 994999, 2, "0.99" },
	{ 0, 996000, 2, "1" },
	{ 0, 100000, 2, "0.1" },
	{ 1, 0, 2, "1" },
	{ 1, 234567, 2, "1.2" },
	{ 1, 250000, 2, "1.3" },
	{ 9, 960000, 2, "10" },
	{ 12, 345678, 2, "12" },
	{ 12, 600000, 2, "13" },
	{ 123, 0, 2, "123" },
	{ 123, 600000, 2, "124" },
	{ 98, 500000, 2, "99" },
	{ 1234, 600000, 2, "1235" },
	{ 99999, 900000, 2, "100000" },
	{ 5, 660000, 1, "5.7" },
	{ 5, 60000, 0, "5" },
};

int
main(void)
{
	struct delay d = { .arrival = 100 * CLOCK_SECOND,
		.active = 101 * CLOCK_SECOND,
		.handoff = 101 * CLOCK_SECOND + 20 * CLOCK_MS,
		.connected = 101 * CLOCK_SECOND + 320 * CLOCK_MS };
	int64_t now = 102 * CLOCK_SECOND;
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&b);
		delay_put(&b,
		    cases[i].seconds * CLOCK_SECOND + cases[i].micros * 1000,
		    cases[i].digits);
		is(buf_str(&b), cases[i].want, "%d.%06d with %d digits is %s",
		    (int)cases[i].seconds, (int)cases[i].micros,
		    cases[i].digits, cases[i].want);
	}
	buf_reset(&b);
	delay_put(&b, -CLOCK_SECOND, 2);
	is(buf_str(&b), "0", "a clock that went back");
	buf_reset(&b);
	delay_put_all(&b, &d, now, 2);
	is(buf_str(&b), "1/0.02/0.3/0.68", "all four");
	d.connected = 0;
	buf_reset(&b);
	delay_put_all(&b, &d, now, 2);
	is(buf_str(&b), "1/0.02/0/0.98", "without a connection");
	buf_free(&b);
	return done_testing();
}
