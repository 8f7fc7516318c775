/* pipe_service.c - see pipe_service.h. */
#include "delivery/pipe_service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/master.h"
#include "delivery/pipe_macro.h"
#include "delivery/service_command.h"

struct reader {
	const struct master_service *service;
	struct arena *arena;
	struct pipe_service *p;
	struct err *err;
};

static int
refuse(struct reader *r, const char *what, const char *value)
{
	return service_command_refuse(r->service, what, value, r->err);
}

static int
read_flags(struct reader *r, const char *value)
{
	/* clang-format off */
	static const struct { char letter; enum pipe_flag flag; } flags[] = {
		{ 'B', PIPE_BLANK }, { 'D', PIPE_DELIVERED },
		{ 'F', PIPE_FROM }, { 'O', PIPE_ORIGINAL },
		{ 'R', PIPE_RETURN }, { 'X', PIPE_FINAL },
		{ 'h', PIPE_FOLD_DOMAIN }, { 'q', PIPE_QUOTE },
		{ 'u', PIPE_FOLD_USER }, { '.', PIPE_DOT },
		{ '>', PIPE_QUOTE_FROM },
	};
	/* clang-format on */
	const size_t count = sizeof flags / sizeof flags[0];

	for (; *value != '\0'; value++) {
		size_t i = 0;

		while (i < count && flags[i].letter != *value)
			i++;
		if (i < count)
			r->p->flags |= flags[i].flag;
		else
			event_warning(NULL,
			    "%s:%u: service %s: unknown flag: %c (ignored)",
			    r->service->origin.file, r->service->origin.line,
			    r->service->name, *value);
	}
	return 0;
}

static int
read_user(struct reader *r, const char *value)
{
	return service_command_user(
	    r->service, value, r->arena, &r->p->owner, r->err);
}

static int
read_directory(struct reader *r, const char *value)
{
	r->p->directory = value;
	return value[0] == '/' ? 0 : refuse(r, "bad directory= value", value);
}

static int
read_chroot(struct reader *r, const char *value)
{
	r->p->root = value;
	return value[0] == '/' ? 0 : refuse(r, "bad chroot= value", value);
}

/* One character behind a backslash, as in C. */
static bool
unescape(const char **p, char *c)
{
	static const char names[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
	const char *found;
	unsigned n = 0;
	int digits = 0;

	for (; digits < 3 && **p >= '0' && **p <= '7'; digits++)
		n = n * 8 + (unsigned)(*(*p)++ - '0');
	if (digits > 0) {
		*c = (char)n;
		return n > 0 && n < 256;
	}
	found = **p != '\0' ? strchr(names, **p) : NULL;
	if (found == NULL)
		return false;
	*c = values[found - names];
	(*p)++;
	return true;
}

static int
read_eol(struct reader *r, const char *value)
{
	char *out = arena_strdup(r->arena, value);
	const char *p = value;

	r->p->eol = out;
	while (*p != '\0') {
		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		p++;
		if (!unescape(&p, out++))
			return refuse(r, "bad eol= value", value);
	}
	*out = '\0';
	return 0;
}

static int
read_null_sender(struct reader *r, const char *value)
{
	r->p->null_sender = value;
	return 0;
}

static int
read_size(struct reader *r, const char *value)
{
	char *end;

	errno = 0;
	r->p->size = strtoull(value, &end, 10);
	return value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0
	    ? 0
	    : refuse(r, "bad size= value", value);
}

/* clang-format off */
static const struct {
	const char *name;
	int (*read)(struct reader *r, const char *value);
} attributes[] = {
	{ "flags=",       read_flags },
	{ "user=",        read_user },
	{ "directory=",   read_directory },
	{ "chroot=",      read_chroot },
	{ "eol=",         read_eol },
	{ "null_sender=", read_null_sender },
	{ "size=",        read_size },
};
/* clang-format on */

static int
read_attribute(struct reader *r, const char *word)
{
	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
		size_t n = strlen(attributes[i].name);

		if (strncmp(word, attributes[i].name, n) == 0)
			return attributes[i].read(r, word + n);
	}
	return refuse(r, "unknown attribute name", word);
}

static int
read_command(struct reader *r, const char *const *words)
{
	char *const *argv = service_command_argv(words, r->arena);

	r->p->argv = argv;
	if (argv[0][0] == '\0')
		return refuse(r, "missing command pathname", "");
	for (size_t i = 0; argv[i] != NULL; i++) {
		const char *unknown = pipe_macro_unknown(r->arena, argv[i]);

		if (unknown != NULL)
			return refuse(r, "unknown macro name", unknown);
	}
	return 0;
}

static int
whole(struct reader *r)
{
	const struct pipe_service *p = r->p;

	if (p->argv == NULL)
		return refuse(r, "missing argv= command-line attribute", "");
	if (p->owner.user == NULL)
		return refuse(r, "missing user= command-line attribute", "");
	return 0;
}

int
pipe_service_read(const struct master_service *service, struct conf *conf,
    struct arena *arena, struct pipe_service *p, struct err *err)
{
	struct reader r = { service, arena, p, err };

	*p = (struct pipe_service){ .name = service->name,
		.eol = "\n",
		.null_sender = "MAILER-DAEMON" };
	for (const char *const *word = service->args; *word != NULL; word++) {
		if (service_command_begins(*word)) {
			if (read_command(&r, word) != 0)
				return -1;
			break;
		}
		if (read_attribute(&r, *word) != 0)
			return -1;
	}
	return whole(&r) == 0
	    ? service_command_time(service, conf, arena, &p->time_limit, err)
	    : -1;
}
