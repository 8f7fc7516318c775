/* session_client.h - who connects, in a script of weir test session. */
#ifndef WEIR_SESSION_CLIENT_H
#define WEIR_SESSION_CLIENT_H

#include <stdbool.h>

#include "checks/subject.h"

struct arena;
struct err;

struct session_client {
	const char *name, *addr;
	bool told;                /* what became of the look-up of its name */
	enum subject_name status; /* that, or what the name makes likely */
};

/* session_client_parse(text, arena, client, err): "NAME ADDR [ok|temp|perm|forged]";
 * false and why: it is not.  Texts are copied. */
bool session_client_parse(const char *text, struct arena *arena,
    struct session_client *client, struct err *err);

#endif
