/* json_text.h - strings in JSON (RFC 8259). */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

struct buf;

/* json_text_put(out, text): append ${text} with its quotes; what is not UTF-8
 * becomes U+FFFD. */
void json_text_put(struct buf *out, const char *text);

/* json_text_member(out, name, value): append "name":"value", and a comma in
 * front unless an object or an array begins there. */
void json_text_member(struct buf *out, const char *name, const char *value);

/* json_text_name(out, name): append the comma and "name": alone. */
void json_text_name(struct buf *out, const char *name);

#endif
