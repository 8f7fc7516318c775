/* table_tool_write.c - see table_tool_write.h. */
#include "weir/table_tool_write.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "rules/fold.h"
#include "rules/pairs.h"
#include "weir/file_values.h"
#include "weir/table_tool.h"

/* One table in the making. */
struct making {
	const struct table_tool *tool;
	const struct table_writer *writer;
	void *state;
	const char *source; /* the text, for messages */
	const char *table;  /* the table, for messages */
	struct arena *arena;
	struct err err;
};

static void
put(void *arg, const char *key, const char *value, unsigned line)
{
	struct making *m = arg;
	const struct table_tool *tool = m->tool;
	struct err why = { "" };
	int there;

	if (m->err.text[0] != '\0')
		return;
	arena_reset(m->arena);
	if ((tool->flags & TABLE_KEEP_CASE) == 0)
		key = fold_key(m->arena, key);
	if (tool->files) {
		value = file_values_read(m->arena, value, &why);
		if (value == NULL) {
			event_warning(NULL,
			    "%s, line %u: %s: skipping this entry", m->source,
			    line, why.text);
			return;
		}
	}
	there =
	    m->writer->put(m->state, key, value, line, tool->replace, &m->err);
	if (there > 0 && !tool->replace && !tool->quiet)
		event_warning(
		    NULL, "%s: duplicate entry: \"%s\"", m->table, key);
}

/* As the owner of the text: what root writes where another may rename is not
 * always what root meant to write. */
static void
become_owner(const struct table_tool *tool, const struct stat *st)
{
	if (geteuid() != 0 || st->st_uid == 0 || tool->keep_identity)
		return;
	if (setgroups(1, &st->st_gid) != 0 || setegid(st->st_gid) != 0 ||
	    seteuid(st->st_uid) != 0)
		table_tool_fail(tool->program, "cannot become user %u: %s",
		    (unsigned)st->st_uid, err_errno(errno));
}

static void
become_root(const struct table_tool *tool)
{
	gid_t none = getgid();

	if (geteuid() == getuid())
		return;
	if (seteuid(0) != 0 || setegid(none) != 0 || setgroups(1, &none) != 0)
		table_tool_fail(tool->program, "seteuid: %s", err_errno(errno));
}

static unsigned
pairs_flags(const struct table_tool *tool)
{
	return (tool->aliases ? PAIRS_ALIASES : 0) |
	    ((tool->flags & TABLE_ANY_OCTETS) != 0 ? PAIRS_ANY_OCTETS : 0);
}

static void
read_input(struct making *m)
{
	struct buf text = { 0 };
	size_t n;

	m->source = "stdin";
	while ((n = fread(buf_reserve(&text, 4096), 1, 4096, stdin)) > 0)
		buf_added(&text, n);
	if (ferror(stdin) != 0)
		err_set(&m->err, "read stdin: %s", err_errno(errno));
	buf_putc(&text, '\n');
	(void)pairs_parse(
	    m->source, buf_str(&text), pairs_flags(m->tool), put, m);
	buf_free(&text);
}

/* The status of the text, which must be there unless only standard input is
 * read. */
static void
check_source(const struct table_tool *tool, const char *path, struct stat *st)
{
	*st = (struct stat){ .st_mode = 0644, .st_uid = geteuid() };
	if (tool->incremental)
		return;
	if (stat(path, st) != 0)
		table_tool_fail(
		    tool->program, "open %s: %s", path, err_errno(errno));
}

static const struct table_writer *
find_writer(const struct table_tool *tool, const char *spec, const char **path,
    const char *what)
{
	const struct table_type *type = table_tool_type(tool, spec, path);

	if (type->writer == NULL && what == NULL)
		table_tool_fail(tool->program,
		    "unsupported dictionary type: %s does not support "
		    "bulk-mode creation.",
		    type->name);
	if (type->writer == NULL)
		table_tool_fail(tool->program, "table %s: %s", spec, what);
	return type->writer;
}

static const char *
spoken_name(const struct table_writer *writer, const char *spec,
    const char *path, struct arena *arena)
{
	switch (writer->spoken) {
	case TABLE_AS_SPEC:
		return path == spec ? arena_printf(arena, "lmdb:%s", path)
				    : spec;
	case TABLE_AS_TEXT:
		return path;
	default:
		return arena_printf(arena, "%s%s", path, writer->suffix);
	}
}

void
table_tool_write(const struct table_tool *tool, const char *spec)
{
	struct arena *arena = arena_new();
	struct making m = { .tool = tool };
	struct stat st;
	const char *path;

	(void)table_tool_type(tool, spec, &path);
	check_source(tool, path, &st);
	m.writer = find_writer(tool, spec, &path, NULL);
	m.table = spoken_name(m.writer, spec, path, arena);
	m.source = path;
	m.arena = arena_new();
	become_owner(tool, &st);
	m.state = m.writer->begin(path, !tool->incremental,
	    tool->own_mode ? 0644 : 0600 | (st.st_mode & 044), &m.err);
	if (m.state != NULL && tool->incremental)
		read_input(&m);
	else if (m.state != NULL)
		/* A reason in m.err says that it failed. */
		(void)pairs_read(path, pairs_flags(tool), put, &m, &m.err);
	if (m.state != NULL && m.err.text[0] == '\0')
		(void)m.writer->commit(m.state, &m.err);
	else if (m.state != NULL)
		m.writer->abort(m.state);
	become_root(tool);
	if (m.err.text[0] != '\0')
		table_tool_fail(tool->program, "%s", m.err.text);
	arena_free(m.arena);
	arena_free(arena);
}

bool
table_tool_write_drop(
    const struct table_tool *tool, const char *spec, const char *key)
{
	struct arena *arena = arena_new();
	const struct table_writer *writer;
	struct err err = { "" };
	struct stat st;
	const char *path, *file;
	void *state;
	int missing;

	writer =
	    find_writer(tool, spec, &path, "delete operation is not supported");
	file = arena_printf(arena, "%s%s", path, writer->suffix);
	if (stat(file, &st) != 0)
		table_tool_fail(tool->program, "open database %s: %s", file,
		    err_errno(errno));
	become_owner(tool, &st);
	if ((tool->flags & TABLE_KEEP_CASE) == 0)
		key = fold_key(arena, key);
	state = writer->begin(path, false, 0644, &err);
	if (state == NULL)
		table_tool_fail(tool->program, "%s", err.text);
	missing = writer->drop(state, key, &err);
	if (missing != 0)
		writer->abort(state);
	else
		(void)writer->commit(state, &err);
	become_root(tool);
	if (err.text[0] != '\0')
		table_tool_fail(tool->program, "%s", err.text);
	arena_free(arena);
	return missing == 0;
}
