/* cmd_postmap.c - see cmd_postmap.h. */
#include "weir/cmd_postmap.h"

#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "base/event.h"
#include "weir/options.h"
#include "weir/table_keys.h"
#include "weir/table_tool.h"
#include "weir/table_tool_write.h"

/* How one of the two programs differs from the other. */
struct program {
	const char *name;
	const char *letters; /* those that take a value stand apart */
};

static const struct program postmap = { "postmap", "bfFhimnNoprsuUvwc:d:q:" };
static const struct program postalias = { "postalias", "Nfinoprsuvwc:d:q:" };

/* What was asked for. */
struct request {
	struct table_tool tool;
	const char *dir, *query, *drop;
	bool list, verbose, force_utf8;
};

static _Noreturn void
usage(const struct program *program)
{
	table_tool_fail(program->name,
	    "usage: %s [-%.*s] [-c config_dir] [-d key] [-q key] "
	    "[map_type:]file...",
	    program->name, (int)strcspn(program->letters, "c"),
	    program->letters);
}

static _Noreturn void
bad_option(const struct program *program, char letter)
{
	if (strchr(program->letters, letter) == NULL)
		(void)fprintf(stderr, "%s: invalid option -- '%c'\n",
		    program->name, letter);
	else
		(void)fprintf(stderr,
		    "%s: option requires an argument -- '%c'\n", program->name,
		    letter);
	usage(program);
}

static void
one_of(const struct request *r, const struct program *program)
{
	if (r->list || r->query != NULL || r->drop != NULL)
		table_tool_fail(
		    program->name, "specify only one of -s -q or -d");
}

static void
take_switch(struct request *r, int letter)
{
	struct table_tool *tool = &r->tool;

	switch (letter) {
	case 'b':
		tool->body = true;
		break;
	case 'f':
		tool->flags |= TABLE_KEEP_CASE;
		break;
	case 'F':
		tool->files = true;
		break;
	case 'h':
		tool->headers = true;
		break;
	case 'i':
		tool->incremental = true;
		break;
	case 'm':
		tool->mime = true;
		break;
	case 'o':
		tool->keep_identity = true;
		break;
	case 'p':
		tool->own_mode = true;
		break;
	case 'r':
		tool->replace = true;
		tool->quiet = false;
		break;
	case 'u':
		tool->flags |= TABLE_ANY_OCTETS;
		break;
	case 'U':
		r->force_utf8 = true;
		break;
	case 'v':
		r->verbose = true;
		break;
	case 'w':
		tool->quiet = true;
		tool->replace = false;
		break;
	default:
		/* n and N: our files know how long a text is. */
		break;
	}
}

static void
take_options(
    struct request *r, const struct program *program, int argc, char **argv)
{
	struct options o = { argc, argv, 0, NULL, NULL, 0 };
	int letter;

	while ((letter = options_next(&o, program->letters)) != -1) {
		switch (letter) {
		case '?':
			bad_option(program, o.bad);
		case 'c':
			r->dir = o.value;
			break;
		case 'd':
			one_of(r, program);
			r->drop = o.value;
			break;
		case 'q':
			one_of(r, program);
			r->query = o.value;
			break;
		case 's':
			one_of(r, program);
			r->list = true;
			break;
		default:
			take_switch(r, letter);
			break;
		}
	}
	r->tool.specs = argv + o.next;
}

static void
check_message_options(struct request *r, const struct program *program)
{
	struct table_tool *tool = &r->tool;

	if (!tool->headers && !tool->body && !tool->mime) {
		/* What is asked of patterns, too, is text. */
		tool->flags |= TABLE_UTF8;
		return;
	}
	if (!tool->headers && !tool->body)
		event_warning(NULL, "ignoring -m option without -b or -h");
	if (r->query == NULL || strcmp(r->query, "-") != 0)
		table_tool_fail(
		    program->name, "specify -b -h or -m only with \"-q -\"");
	/* What stands in a mail may be anything. */
	tool->flags |= r->force_utf8 ? TABLE_UTF8 : TABLE_ANY_OCTETS;
}

static int
serve(const struct request *r)
{
	if (r->query != NULL)
		return table_keys_query(&r->tool, r->query);
	if (r->drop != NULL)
		return table_keys_remove(&r->tool, r->drop);
	if (r->list) {
		table_keys_list(&r->tool);
		return 0;
	}
	for (char **spec = r->tool.specs; *spec != NULL; spec++)
		table_tool_write(&r->tool, *spec);
	return 0;
}

static int
run(const struct program *program, int argc, char **argv)
{
	struct request r = { .tool = { .program = program->name } };
	int status;

	r.tool.aliases = program == &postalias;
	take_options(&r, program, argc, argv);
	r.tool.conf = table_tool_start(program->name, r.dir, r.verbose);
	check_message_options(&r, program);
	if (r.tool.specs[0] == NULL)
		usage(program);
	status = serve(&r);
	conf_free(r.tool.conf);
	return status;
}

int
cmd_postmap(int argc, char **argv)
{
	return run(&postmap, argc, argv);
}

int
cmd_postmap_aliases(int argc, char **argv)
{
	return run(&postalias, argc, argv);
}
