/* table_tool.h - what postmap and postalias share: options, the start and the
 * end of the process. */
#ifndef WEIR_TABLE_TOOL_H
#define WEIR_TABLE_TOOL_H

#include <stdbool.h>

#include "rules/types.h"

struct conf;

struct table_tool {
	const char *program; /* for messages */
	struct conf *conf;
	bool aliases;             /* text is "key: value" */
	bool incremental;         /* read standard input, keep what there is */
	bool replace;             /* what is there already */
	bool quiet;               /* about what is there already */
	bool keep_identity;       /* do not become the owner of the text file */
	bool own_mode;            /* do not take the mode of the text file */
	bool files;               /* values are lists of files (-F) */
	bool headers, body, mime; /* standard input is a message */
	unsigned flags;           /* of table_open_as() */
	char **specs;             /* the tables, ended by NULL */
};

/* table_tool_start(program, dir, verbose): messages of this process go to
 * stderr as "program: ..."; read ${dir}/main.cf (NULL: the default directory,
 * which may lack one).  Ends the process if that fails, as all below do when
 * something is wrong: message on stderr, status 1. */
struct conf *
table_tool_start(const char *program, const char *dir, bool verbose);

/* table_tool_fail(program, format, ...): that end. */
_Noreturn void table_tool_fail(const char *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* table_tool_type(tool, spec, path): the type of "type:path" or "path", and
 * where the path begins. */
const struct table_type *table_tool_type(
    const struct table_tool *tool, const char *spec, const char **path);

#endif
