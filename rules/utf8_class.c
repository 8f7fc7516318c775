/* utf8_class.c - see utf8_class.h. */
#include "rules/utf8_class.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/param.h"

static unsigned
find(const char *name)
{
	static const struct {
		const char *name;
		unsigned classes;
	} names[] = {
		{ "all", ~0u },
		{ "bounce", UTF8_CLASS_BOUNCE },
		{ "forward", UTF8_CLASS_FORWARD },
		{ "notify", UTF8_CLASS_NOTIFY },
		{ "sendmail", UTF8_CLASS_SENDMAIL },
		{ "smtpd", UTF8_CLASS_SMTPD },
		{ "verify", UTF8_CLASS_VERIFY },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].classes;
	return 0;
}

unsigned
utf8_class_read(struct conf *conf, struct arena *arena, struct err *err)
{
	static const char name[] = "smtputf8_autodetect_classes";
	struct err none = { 0 };
	const char *enable = conf_get(conf, "smtputf8_enable", arena, &none);
	const char *text = conf_get(conf, name, arena, &none), *word;
	unsigned classes = 0, class;
	bool enabled = false;

	while (text != NULL && (word = conf_word(&text, arena)) != NULL) {
		if ((class = find(word)) == 0)
			err_set(err, "%s: unknown class \"%s\"", name, word);
		classes |= class;
	}
	return enable != NULL && param_bool(enable, &enabled) && enabled
	    ? classes
	    : 0;
}

bool
utf8_class_wants(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)text[i] & 0x80) != 0)
			return true;
	return false;
}
