/* qid.c - see qid.h. */
#include "queue/qid.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"

/* A number that no other message has, also after a restart and beside other
 * processes: Postfix has the inode there. */
static uint64_t
message_number(void)
{
	static _Atomic uint64_t last;
	uint64_t now = (uint64_t)clock_now() / 1000, seen, next;

	seen = atomic_load_explicit(&last, memory_order_relaxed);
	do {
		next = now > seen ? now : seen + 1;
	} while (!atomic_compare_exchange_weak(&last, &seen, next));
	return (next ^ ((uint64_t)getpid() << 12)) & 0xffffffffu;
}

void
qid_new(int64_t arrival, bool long_form, char qid[ENVELOPE_QID])
{
	envelope_qid(arrival, message_number(), long_form, qid);
}
