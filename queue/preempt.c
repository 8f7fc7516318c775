/* preempt.c - see preempt.h. */
#include "queue/preempt.h"

#include "base/clock.h"
#include "base/fatal.h"

void
preempt_init(struct preempt *p)
{
	*p = (struct preempt){ 0 };
	TAILQ_INIT(&p->turns);
}

void
preempt_join(struct preempt *p, struct preempt_turn *turn, int64_t since)
{
	if (turn->waiting++ > 0)
		return;
	turn->since = turn->place = since;
	TAILQ_INSERT_TAIL(&p->turns, turn, entry);
	p->hopeless = NULL;
}

/* Settle what ${turn} really used of the slots of the one it preempted. */
static void
pay(struct preempt_turn *turn, const struct preempt_limits *limits)
{
	if (turn->before == NULL)
		return;
	turn->before->available -= turn->used * limits->cost;
	turn->before->ahead--;
	turn->before = NULL;
}

static void
end(struct preempt *p, struct preempt_turn *turn,
    const struct preempt_limits *limits)
{
	struct preempt_turn *other;

	pay(turn, limits);
	TAILQ_REMOVE(&p->turns, turn, entry);
	for (other = TAILQ_FIRST(&p->turns); turn->ahead > 0;
	     other = TAILQ_NEXT(other, entry))
		if (other->before == turn) {
			other->before = NULL;
			turn->ahead--;
		}
	p->hopeless = NULL;
}

void
preempt_leave(struct preempt *p, struct preempt_turn *turn,
    const struct preempt_limits *limits, bool taken)
{
	must(turn->waiting > 0);
	turn->waiting--;
	if (taken) {
		turn->done++;
		turn->available++;
		turn->used++;
	}
	if (turn->waiting == 0)
		end(p, turn, limits);
}

bool
preempt_is_before(const struct preempt_turn *a, const struct preempt_turn *b)
{
	return a->place != b->place ? a->place < b->place : a->level > b->level;
}

/* The one that has waited longest for its size, of those that ${current} can
 * ever pay for. */
static struct preempt_turn *
best(struct preempt *p, const struct preempt_turn *current,
    const struct preempt_limits *limits, int64_t now,
    bool (*may)(const struct preempt_turn *turn))
{
	int64_t most =
	    ((int64_t)current->waiting + current->available) / limits->cost;
	struct preempt_turn *turn, *found = NULL;
	double top = 0;

	TAILQ_FOREACH (turn, &p->turns, entry) {
		double waited = (double)(now - turn->since) / CLOCK_SECOND + 1;
		double score = waited / (double)(turn->waiting + turn->done);

		if (turn == current || turn->level > 0 ||
		    (int64_t)turn->waiting > most || score <= top ||
		    preempt_is_before(turn, current) || !may(turn))
			continue;
		top = score;
		found = turn;
	}
	return found;
}

/* Is ${current} so long that it will save up enough, and is there some? */
static bool
has_slots(
    const struct preempt_turn *current, const struct preempt_limits *limits)
{
	return limits->cost >= 2 && current->available > 0 &&
	    current->waiting + current->done >=
	    (size_t)limits->minimum * limits->cost;
}

struct preempt_turn *
preempt_find(struct preempt *p, struct preempt_turn *current,
    const struct preempt_limits *limits, int64_t now,
    bool (*may)(const struct preempt_turn *turn))
{
	struct preempt_turn *turn;
	int64_t saved;
	double needed;

	if (!has_slots(current, limits) ||
	    (p->hopeless == current && now - p->looked < CLOCK_SECOND))
		return NULL;
	turn = best(p, current, limits, now, may);
	if (turn == NULL) {
		p->hopeless = current;
		p->looked = now;
		return NULL;
	}
	needed = (double)turn->waiting;
	saved = current->available / limits->cost + limits->loan;
	if ((double)saved < needed * limits->discount / 100.0)
		return NULL;
	/* What it needs is taken now, so that no other gets it, too; in the end
	 * the difference from what it used. */
	current->available -= (int64_t)turn->waiting * limits->cost;
	turn->used = -(int64_t)turn->waiting;
	turn->before = current;
	current->ahead++;
	turn->place = current->place;
	turn->level = current->level + 1;
	return turn;
}
