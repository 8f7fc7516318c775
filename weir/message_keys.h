/* message_keys.h - a message as the keys that header and body checks look up
 * (postmap -h, -b and -m). */
#ifndef WEIR_MESSAGE_KEYS_H
#define WEIR_MESSAGE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct message_keys {
	bool headers; /* want headers: the message's, with ${mime} of parts */
	bool body;    /* want lines of the body, with ${mime} without the
		       * headers of parts */
	bool mime;
	size_t header_size, line_length; /* limits */
	void (*key)(void *arg, const char *key);
	void *arg;
};

/* message_keys_read(keys, file): call keys->key for each. */
void message_keys_read(const struct message_keys *keys, FILE *file);

#endif
