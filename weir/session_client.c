/* session_client.c - see session_client.h. */
#include "weir/session_client.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"

/* clang-format off */
static const struct {
	const char *word;
	enum subject_name status;
} statuses[] = {
	{ "ok", SUBJECT_NAME_OK },         { "2", SUBJECT_NAME_OK },
	{ "temp", SUBJECT_NAME_TEMP },     { "4", SUBJECT_NAME_TEMP },
	{ "perm", SUBJECT_NAME_PERM },     { "5", SUBJECT_NAME_PERM },
	{ "forged", SUBJECT_NAME_FORGED }, { "6", SUBJECT_NAME_FORGED },
};
/* clang-format on */

bool
session_client_parse(const char *text, struct arena *arena,
    struct session_client *client, struct err *err)
{
	char *rest = arena_strdup(arena, text);
	const char *name = strsep(&rest, " \t"), *addr = strsep(&rest, " \t");

	if (addr == NULL) {
		err_set(err, "client NAME ADDR [ok|temp|perm|forged]");
		return false;
	}
	*client = (struct session_client){
		.name = name,
		.addr = addr,
		.status = strcasecmp(name, "unknown") == 0 ? SUBJECT_NAME_TEMP
							   : SUBJECT_NAME_OK,
	};
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (rest != NULL && strcasecmp(rest, statuses[i].word) == 0) {
			client->told = true;
			client->status = statuses[i].status;
		}
	return true;
}
