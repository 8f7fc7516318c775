/* The reply to who is on a DNS list: whatever the template, the list and the
 * client say, it is a rejection in one line, and the client's own words bring
 * no octet into it that smtpd_expansion_filter keeps out.  Lines of the input:
 * template, reason, client name, HELO, sender. */
#include "checks/dnsbl_reply.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "t/testworld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char letters[] = "abcdefghijklmnopqrstuvwxyz.@";

static void
check(const struct answer *answer, const char *template)
{
	must(answer->kind == ANSWER_REJECT);
	must(answer->code >= 400 && answer->code <= 599);
	must(status_code_length(answer->dsn) > 0);
	must(answer->text != NULL);
	/* Of letters and known names only letters can come, but for what is
	 * ours: codes, the zone, brackets of an address, the time. */
	if (strncmp(template, "554 ", 4) != 0)
		return;
	for (const char *p = answer->text; *p != '\0'; p++)
		must(strchr(template, *p) != NULL ||
		    strchr(letters, *p) != NULL ||
		    strchr("_[]<>:0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ", *p) !=
			NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_target target = { .name = "weir", .fd = -1 };
	struct testworld world = testworld_new(NULL);
	struct arena *arena = arena_new();
	struct event_by by = { 0 };
	char *line[5], *text = arena_strndup(arena, (const char *)data, size);
	char *rest = text;
	struct answer answer = { 0 };

	if (target.fd < 0) {
		target.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		target.json_fd = -1;
		event_open(&target);
	}
	for (unsigned i = 0; i < 5; i++) {
		line[i] = rest != NULL ? strsep(&rest, "\n") : NULL;
		line[i] = line[i] != NULL ? line[i] : arena_strdup(arena, "");
	}
	struct subject subject = { .arena = arena,
		.by = &by,
		.world = &world.world,
		.client_name = line[2],
		.client_addr = "192.0.2.1",
		.reverse_name = line[2],
		.helo = line[3],
		.sender = line[4],
		.recipient = line[4] };
	struct site site = { .expansion_filter = letters,
		.myhostname = "mail",
		.params = { .maps_rbl_reject_code = 554,
		    .default_rbl_reply = line[0] } };
	struct ask ask = { .subject = &subject,
		.site = &site,
		.where = "RCPT",
		.name = "n",
		.class = "Client host",
		.value = line[2] };

	dnsbl_reply(&ask, "zone=1", line[1], &answer);
	/* A template that cannot be expanded at all is a fault of ours. */
	if (answer.code != 451)
		check(&answer, line[0]);
	arena_free(arena);
	return 0;
}
