/* html_entity.h - the characters of HTML that have names or numbers. */
#ifndef BASE_HTML_ENTITY_H
#define BASE_HTML_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * html_entity_find(text, len, ended, used):
 * The character that ${text}, which stands behind "&", means; 0: none.  ${ended}:
 * a ";" stands behind it.  *used is how many octets of the text its name or
 * number has: a few old names need no ";" and may be followed by other text.
 */
unsigned long
html_entity_find(const char *text, size_t len, bool ended, size_t *used);

#endif
