/* beside.c - see beside.h. */
#include "classes/beside.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/conf.h"
#include "base/master.h"

/* clang-format off */
static const struct { const char *name, *value; } settings[] = {
	{ "smtpd_relay_restrictions", "" },
	{ "smtpd_reject_unlisted_recipient", "no" },
	{ "smtpd_reject_unlisted_sender", "no" },
	/* What it leads to filters is its own affair. */
	{ "smtpd_proxy_filter", "" },
};
/* clang-format on */

static bool
sets(const struct master_service *service, const char *name)
{
	for (size_t i = 0; service != NULL && i < service->noptions; i++)
		if (strcmp(service->options[i].name, name) == 0)
			return true;
	return false;
}

void
beside_settle(struct conf *view, const struct master_service *service)
{
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		if (!sets(service, settings[i].name))
			conf_set(view, settings[i].name, settings[i].value,
			    (struct origin){ NULL, 0 });
}
