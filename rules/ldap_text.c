/* ldap_text.c - see ldap_text.h. */
#include "rules/ldap_text.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"

bool
ldap_text_filter(void *arg, const char *text, struct buf *out)
{
	(void)arg;
	for (; *text != '\0'; text++)
		if (strchr("*()\\", *text) != NULL)
			buf_printf(out, "\\%02x", (unsigned char)*text);
		else
			buf_putc(out, *text);
	return true;
}

bool
ldap_text_dn(void *arg, const char *text, struct buf *out)
{
	(void)arg;
	for (; *text != '\0'; text++)
		if (strchr(" \t\"#+,;<>\\", *text) != NULL)
			buf_printf(out, "\\%02X", (unsigned char)*text);
		else
			buf_putc(out, *text);
	return true;
}

int
ldap_text_subtype(const char *a, const char *b)
{
	size_t n = strcspn(a, ";"), m = strcspn(b, ";");

	if (a[n] == '\0' && n == m && strncasecmp(a, b, n) == 0)
		return 1;
	if (b[m] == '\0' && n == m && strncasecmp(a, b, m) == 0)
		return -1;
	return strcasecmp(a, b) == 0 ? 1 : 0;
}
