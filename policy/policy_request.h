/* policy_request.h - a request of Postfix's policy protocol (SMTPD_POLICY_README):
 * lines "name=value", ended by an empty one; read as it comes in. */
#ifndef POLICY_POLICY_REQUEST_H
#define POLICY_POLICY_REQUEST_H

#include <stddef.h>

struct err;

enum {
	/* Octets of a request.  Postfix's have one or two thousand. */
	POLICY_REQUEST_MOST = 64 * 1024,
};

/* What is looked at of it, in the order in which Postfix sends it. */
enum policy_name {
	POLICY_REQUEST,
	POLICY_PROTOCOL_STATE,
	POLICY_PROTOCOL_NAME,
	POLICY_CLIENT_ADDRESS,
	POLICY_CLIENT_NAME,
	POLICY_CLIENT_PORT,
	POLICY_REVERSE_CLIENT_NAME,
	POLICY_SERVER_ADDRESS,
	POLICY_SERVER_PORT,
	POLICY_HELO_NAME,
	POLICY_SENDER,
	POLICY_RECIPIENT,
	POLICY_RECIPIENT_COUNT,
	POLICY_QUEUE_ID,
	POLICY_INSTANCE,
	POLICY_SIZE,
	POLICY_ETRN_DOMAIN,
	POLICY_STRESS,
	POLICY_SASL_METHOD,
	POLICY_SASL_USERNAME,
	POLICY_SASL_SENDER,
	POLICY_CCERT_SUBJECT,
	POLICY_CCERT_ISSUER,
	POLICY_CCERT_FINGERPRINT,
	POLICY_CCERT_PUBKEY_FINGERPRINT,
	POLICY_ENCRYPTION_PROTOCOL,
	POLICY_ENCRYPTION_CIPHER,
	POLICY_ENCRYPTION_KEYSIZE,
	POLICY_CONTEXT,
	POLICY_NAMES,
};

/* Zero-initialised: nothing has been read. */
struct policy_request {
	size_t at;                  /* where the line under way begins */
	size_t looked;              /* so much of it has no end */
	enum policy_name next;      /* what the next line is likely to be */
	size_t place[POLICY_NAMES]; /* of the value; 0: not given */
};

enum policy_request_got {
	POLICY_REQUEST_MORE, /* the rest is still to come */
	POLICY_REQUEST_WHOLE,
	POLICY_REQUEST_BAD, /* malformed: the connection cannot go on */
};

/*
 * policy_request_read(r, data, len, used, err):
 * Go on with the request that begins at ${data}, of which ${len} octets are
 * there by now; those that were there before are the same, but may have moved.
 * WHOLE: it took *used octets, and policy_request_value() has what it says.
 * A carriage return at the end of a line does not belong to it.  Unknown names
 * are passed over.
 */
enum policy_request_got policy_request_read(struct policy_request *r,
    char *data, size_t len, size_t *used, struct err *err);

/* policy_request_value(r, data, name): its text, in ${data}, where line ends
 * have become NULs; NULL: not given. */
const char *policy_request_value(
    const struct policy_request *r, const char *data, enum policy_name name);

#endif
