/* delay.c - see delay.h. */
#include "delivery/delay.h"

#include "base/buf.h"
#include "base/clock.h"

enum { MILLION = 1000000, SIGNIFICANT = 100 };

/* The finest step, in microseconds, that is worth showing: never below what
 * ${digits} allow, and coarse enough to leave two significant digits. */
static int64_t
resolution(int64_t seconds, int64_t micros, int digits)
{
	int64_t step = MILLION;

	for (int i = 0; i < digits; i++)
		step /= 10;
	if (step == MILLION)
		return step;
	if (seconds == 0) {
		while (micros >= SIGNIFICANT * step)
			step *= 10;
		return step;
	}
	step = MILLION / SIGNIFICANT;
	for (int64_t n = 1; seconds >= n && step < MILLION; n *= 10)
		step *= 10;
	return step;
}

void
delay_put(struct buf *out, int64_t ns, int digits)
{
	int64_t seconds, micros, step;

	if (ns < 0)
		ns = 0;
	seconds = ns / CLOCK_SECOND;
	micros = ns % CLOCK_SECOND / 1000;
	step = resolution(seconds, micros, digits);
	if (step > 1) {
		micros += step / 2;
		if (micros >= MILLION) {
			seconds++;
			micros -= MILLION;
		}
	}
	buf_printf(out, "%lld", (long long)seconds);
	if (micros < step)
		return;
	buf_putc(out, '.');
	for (int64_t n = MILLION / 10; micros >= step && n > 0; n /= 10) {
		buf_putc(out, (char)('0' + micros / n));
		micros %= n;
	}
}

void
delay_put_all(
    struct buf *out, const struct delay *delay, int64_t now, int digits)
{
	int64_t handoff = delay->handoff != 0 ? delay->handoff : now;
	int64_t connected = delay->connected;

	delay_put(out, delay->active - delay->arrival, digits);
	buf_putc(out, '/');
	delay_put(out, handoff - delay->active, digits);
	buf_putc(out, '/');
	delay_put(out, connected != 0 ? connected - handoff : 0, digits);
	buf_putc(out, '/');
	delay_put(out, now - (connected != 0 ? connected : handoff), digits);
}
