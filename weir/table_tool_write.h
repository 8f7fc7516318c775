/* table_tool_write.h - how postmap and postalias make and change tables. */
#ifndef WEIR_TABLE_TOOL_WRITE_H
#define WEIR_TABLE_TOOL_WRITE_H

#include <stdbool.h>

struct table_tool;

/* table_tool_write(tool, spec): write the table of a text file.  Ends the
 * process if that fails (table_tool_fail()). */
void table_tool_write(const struct table_tool *tool, const char *spec);

/* table_tool_write_drop(tool, spec, key): remove one key; false: it is not
 * there. */
bool table_tool_write_drop(
    const struct table_tool *tool, const char *spec, const char *key);

#endif
