/* dns_valid.c - which names may be host names; see dns.h. */
#include <stdbool.h>
#include <string.h>

#include "base/dns.h"

enum { MOST_NAME = 255, MOST_LABEL = 63 };

/* One label: letters, digits, "_" and, inside, "-". */
static bool
valid_label(const char *label, size_t n, bool *numeric)
{
	if (n == 0 || n > MOST_LABEL || label[0] == '-' || label[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = label[i];

		if (c >= '0' && c <= '9')
			continue;
		*numeric = false;
		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' &&
		    c != '-')
			return false;
	}
	return true;
}

bool
dns_valid_hostname(const char *name, bool numeric)
{
	bool all_digits = true;
	size_t n;

	if (strlen(name) > MOST_NAME)
		return false;
	for (;; name += n + 1) {
		n = strcspn(name, ".");
		if (!valid_label(name, n, &all_digits))
			return false;
		if (name[n] == '\0')
			return numeric || !all_digits;
	}
}
