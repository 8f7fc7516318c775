/* The right-hand side of an access table: whatever it is, the answer is one of
 * the known kinds, the same each time, and a rejection has a reply. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/action.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const wheres[] = { "RCPT", "CONNECT", "ETRN",
	"END-OF-MESSAGE" };
static const char *const classes[] = { "Client host", "Sender address",
	"Recipient address", "Helo command" };

static void
quiet(void)
{
	static struct event_target target = { .name = "weir", .fd = -1 };

	if (target.fd < 0) {
		target.fd = 1000; /* nobody */
		target.json_fd = -1;
		event_open(&target);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct event_by by = { 0 };
	struct subject subject = { .arena = arena,
		.by = &by,
		.client_name = "c",
		.client_addr = "192.0.2.1" };
	struct site site = { .proxy_filter = "",
		.params = { .access_map_reject_code = 554,
		    .access_map_defer_code = 450 } };
	struct ask ask = { .subject = &subject, .site = &site, .name = "n" };
	char *value;

	quiet();
	if (size == 0) {
		arena_free(arena);
		return 0;
	}
	ask.where = wheres[data[0] & 3];
	ask.class = classes[(data[0] >> 2) & 3];
	ask.warning = (data[0] & 16) != 0;
	subject.sender = (data[0] & 32) != 0 ? "s@example" : NULL;
	value = arena_strndup(arena, (const char *)data + 1, size - 1);
	for (unsigned i = 0; i < 2; i++) {
		static struct answer first;
		struct answer answer = { 0 };

		action_parse(&ask, "t", "k", value, &answer);
		must(answer.kind <= ANSWER_LIST);
		if (answer.code != 0) {
			must(answer.code >= 400 && answer.code <= 599);
			must(status_code_length(answer.dsn) > 0);
			must(answer.text != NULL);
		}
		must(answer.kind != ANSWER_LIST || answer.text[0] != '\0');
		must(i == 0 || first.kind == answer.kind);
		must(i == 0 || first.code == answer.code);
		first = answer;
	}
	arena_free(arena);
	return 0;
}
