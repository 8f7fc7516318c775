/* session_request.h - what another MTA would tell a policy server of a session that
 * is only played. */
#ifndef WEIR_SESSION_REQUEST_H
#define WEIR_SESSION_REQUEST_H

#include "classes/stage.h"

struct site;
struct subject;

/*
 * session_request(played, stage, site, told):
 * Set ${told} to the facts that a policy server has when Postfix asks it at
 * ${stage} of the session ${played}: they go through a request, as our SMTP server
 * would write it, and the policy server reads it.  Texts live in ${played}'s arena.
 */
void session_request(const struct subject *played, enum stage stage,
    const struct site *site, struct subject *told);

#endif
