/* table_keys.h - what postmap and postalias do with keys of tables. */
#ifndef WEIR_TABLE_KEYS_H
#define WEIR_TABLE_KEYS_H

struct table_tool;

/* table_keys_query(tool, key), table_keys_remove(tool, key): ${key}, or each
 * line of standard input if it is "-".  The exit status: 0 if something was
 * found.  table_keys_list(tool): all entries. */
int table_keys_query(const struct table_tool *tool, const char *key);
int table_keys_remove(const struct table_tool *tool, const char *key);
void table_keys_list(const struct table_tool *tool);

#endif
