/* local_read_client.c - see local_read_client.h. */
#include "delivery/local_read_client.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "delivery/delivery.h"
#include "delivery/local_client.h"
#include "delivery/local_read.h"

#define PATIENCE (600 * CLOCK_SECOND)

void
local_read_client(struct delivery *d, const struct local_read *request,
    struct local_text *answer)
{
	struct buf frame = { 0 };
	struct frame got;
	struct err err = { { 0 } };

	local_read_print(request, &frame);
	if (local_client_call(d, &frame, PATIENCE, &got, &err) == 0 &&
	    !local_read_text_parse(&got, d->arena, answer))
		err_set(&err, "the local role has answered nonsense");
	if (err.text[0] != '\0')
		*answer = (struct local_text){ .status = LOCAL_TEXT_LATER,
			.owner = "",
			.warning = arena_strdup(d->arena, err.text),
			.text = "" };
	buf_free(&frame);
}
