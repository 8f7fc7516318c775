/* message_keys.h - a message as the keys that header and body checks look up
 * (postmap -h, -b and -m). */
#ifndef WEIR_MESSAGE_KEYS_H
#define WEIR_MESSAGE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct conf;
struct err;

struct message_keys {
	bool headers; /* want headers: the message's, with ${mime} of parts */
	bool body;    /* want lines of the body, with ${mime} without the
		       * headers of parts */
	bool mime;
	size_t header_size, line_length; /* limits */
	void (*key)(void *arg, const char *key);
	void *arg;
};

/* message_keys_limits(keys, conf, err): set the limits to those of ${conf}
 * (header_size_limit, line_length_limit); -1 and why. */
int message_keys_limits(
    struct message_keys *keys, struct conf *conf, struct err *err);

/* message_keys_read(keys, file): call keys->key for each. */
void message_keys_read(const struct message_keys *keys, FILE *file);

#endif
