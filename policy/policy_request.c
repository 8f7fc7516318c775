/* policy_request.c - see policy_request.h. */
#include "policy/policy_request.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

enum { MOST_SHOWN = 40 }; /* of a bad line */

/* clang-format off */
static const char *const names[POLICY_NAMES] = {
	[POLICY_REQUEST]                  = "request",
	[POLICY_PROTOCOL_STATE]           = "protocol_state",
	[POLICY_PROTOCOL_NAME]            = "protocol_name",
	[POLICY_CLIENT_ADDRESS]           = "client_address",
	[POLICY_CLIENT_NAME]              = "client_name",
	[POLICY_CLIENT_PORT]              = "client_port",
	[POLICY_REVERSE_CLIENT_NAME]      = "reverse_client_name",
	[POLICY_SERVER_ADDRESS]           = "server_address",
	[POLICY_SERVER_PORT]              = "server_port",
	[POLICY_HELO_NAME]                = "helo_name",
	[POLICY_SENDER]                   = "sender",
	[POLICY_RECIPIENT]                = "recipient",
	[POLICY_RECIPIENT_COUNT]          = "recipient_count",
	[POLICY_QUEUE_ID]                 = "queue_id",
	[POLICY_INSTANCE]                 = "instance",
	[POLICY_SIZE]                     = "size",
	[POLICY_ETRN_DOMAIN]              = "etrn_domain",
	[POLICY_STRESS]                   = "stress",
	[POLICY_SASL_METHOD]              = "sasl_method",
	[POLICY_SASL_USERNAME]            = "sasl_username",
	[POLICY_SASL_SENDER]              = "sasl_sender",
	[POLICY_CCERT_SUBJECT]            = "ccert_subject",
	[POLICY_CCERT_ISSUER]             = "ccert_issuer",
	[POLICY_CCERT_FINGERPRINT]        = "ccert_fingerprint",
	[POLICY_CCERT_PUBKEY_FINGERPRINT] = "ccert_pubkey_fingerprint",
	[POLICY_ENCRYPTION_PROTOCOL]      = "encryption_protocol",
	[POLICY_ENCRYPTION_CIPHER]        = "encryption_cipher",
	[POLICY_ENCRYPTION_KEYSIZE]       = "encryption_keysize",
	[POLICY_CONTEXT]                  = "policy_context",
};
/* clang-format on */

/* Which one ${text} is; POLICY_NAMES: none.  Postfix sends them in one order,
 * so the search begins where the last one was found. */
static enum policy_name
find(const struct policy_request *r, const char *text, size_t n)
{
	unsigned k = r->next;

	for (unsigned i = 0; i < POLICY_NAMES; i++, k++) {
		k = k < POLICY_NAMES ? k : 0;
		if (strncmp(names[k], text, n) == 0 && names[k][n] == '\0')
			return (enum policy_name)k;
	}
	return POLICY_NAMES;
}

/* One line of ${n} octets, which ends in a NUL. */
static bool
take_line(struct policy_request *r, const char *data, size_t n, struct err *err)
{
	const char *line = data + r->at, *equals;
	enum policy_name name;

	if (memchr(line, '\0', n) != NULL) {
		err_set(err, "a NUL in an attribute");
		return false;
	}
	equals = memchr(line, '=', n);
	if (equals == NULL || equals == line) {
		err_set(err, "no attribute: \"%.*s\"", MOST_SHOWN, line);
		return false;
	}
	name = find(r, line, (size_t)(equals - line));
	if (name == POLICY_NAMES)
		return true;
	/* Whoever sends one twice has let somebody else write one. */
	if (r->place[name] != 0) {
		err_set(err, "attribute %s is there twice", names[name]);
		return false;
	}
	r->place[name] = (size_t)(equals + 1 - data);
	r->next = (enum policy_name)(name + 1);
	return true;
}

/* What it is about. */
static bool
check(const struct policy_request *r, const char *data, struct err *err)
{
	const char *kind = policy_request_value(r, data, POLICY_REQUEST);

	if (kind == NULL) {
		err_set(err, "a request without attribute request");
	} else if (strcmp(kind, "smtpd_access_policy") != 0) {
		err_set(err, "request=%.*s: not known", MOST_SHOWN, kind);
	} else if (r->place[POLICY_PROTOCOL_STATE] == 0) {
		err_set(err, "a request without attribute protocol_state");
	} else {
		return true;
	}
	return false;
}

enum policy_request_got
policy_request_read(struct policy_request *r, char *data, size_t len,
    size_t *used, struct err *err)
{
	while (r->at + r->looked < len) {
		char *from = data + r->at + r->looked;
		char *end = memchr(from, '\n', (size_t)(data + len - from));
		size_t n, next;

		if (end == NULL) {
			r->looked = len - r->at;
			break;
		}
		next = (size_t)(end + 1 - data);
		if (next > POLICY_REQUEST_MOST)
			break;
		n = (size_t)(end - data) - r->at;
		n -= n > 0 && end[-1] == '\r';
		if (n == 0) {
			*used = next;
			return check(r, data, err) ? POLICY_REQUEST_WHOLE
						   : POLICY_REQUEST_BAD;
		}
		data[r->at + n] = '\0';
		if (!take_line(r, data, n, err))
			return POLICY_REQUEST_BAD;
		r->at = next;
		r->looked = 0;
	}
	/* It will not end in time. */
	if (len < POLICY_REQUEST_MOST)
		return POLICY_REQUEST_MORE;
	err_set(
	    err, "a request of more than %d octets", (int)POLICY_REQUEST_MOST);
	return POLICY_REQUEST_BAD;
}

const char *
policy_request_value(
    const struct policy_request *r, const char *data, enum policy_name name)
{
	return r->place[name] != 0 ? data + r->place[name] : NULL;
}
