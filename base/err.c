/* err.c - see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
err_set(struct err *err, const char *format, ...)
{
	va_list ap;

	if (err == NULL)
		return;
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof err->text, format, ap);
	va_end(ap);
}

void
err_add(struct err *err, const char *format, ...)
{
	char old[sizeof err->text];
	va_list ap;
	size_t n;

	if (err == NULL)
		return;
	memcpy(old, err->text, sizeof old);
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof err->text, format, ap);
	va_end(ap);
	n = strlen(err->text);
	for (const char *p = ": "; *p != '\0' && n + 1 < sizeof old; p++)
		err->text[n++] = *p;
	for (const char *p = old; *p != '\0' && n + 1 < sizeof old; p++)
		err->text[n++] = *p;
	err->text[n] = '\0';
}

void
err_also(struct err *err, const char *format, ...)
{
	va_list ap;
	size_t n;

	if (err == NULL)
		return;
	n = strlen(err->text);
	if (n > 0 && n + 2 < sizeof err->text)
		err->text[n++] = '\n';
	va_start(ap, format);
	(void)vsnprintf(err->text + n, sizeof err->text - n, format, ap);
	va_end(ap);
}

void
err_move(struct err *all, struct err *one)
{
	if (one->text[0] != '\0')
		err_also(all, "%s", one->text);
	one->text[0] = '\0';
}

const char *
err_errno(int number)
{
	const char *text = strerrordesc_np(number);

	return text != NULL ? text : "Unknown error";
}
