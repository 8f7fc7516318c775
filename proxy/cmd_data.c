/* cmd_data.c - DATA. */
#include "proxy/cmd_data.h"

#include "proxy/filter_hook.h"
#include "proxy/intake.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

bool
cmd_data_blocks(const struct session *s)
{
	return stage_blocks(s->service->rules, STAGE_DATA) ||
	    milter_hook_blocks(s) || filter_hook_blocks(s);
}

static const char *
out_of_order(const struct session *s)
{
	if (s->chunk.chunks != SESSION_CHUNKS_NONE)
		return "503 5.5.1 Error: DATA after BDAT";
	if (s->mail == NULL)
		return "503 5.5.1 Error: need RCPT command";
	if (s->mail->nrcpts == 0)
		/* RFC 2033, 4.2 */
		return s->service->lmtp
		    ? "503 5.5.1 Error: no valid recipients"
		    : "554 5.5.1 Error: no valid recipients";
	if (s->words.count != 1)
		return "501 5.5.4 Syntax: DATA";
	return NULL;
}

enum smtp_command_result
cmd_data_run(struct session *s)
{
	const char *reply = out_of_order(s);
	enum smtp_command_result result;

	if (reply != NULL) {
		session_reply(s, "%s", reply);
		postmaster_blame(s, TRANSCRIPT_PROTOCOL);
		return SMTP_COMMAND_FAILED;
	}
	result = judge_stage(s, STAGE_DATA);
	if (result != SMTP_COMMAND_DONE)
		return result;
	reply = milter_hook_data(s);
	if (reply == NULL && s->service->filters != NULL)
		reply = filter_hook_data(s);
	if (reply != NULL) {
		session_reply(s, "%s", reply);
		postmaster_blame(s, TRANSCRIPT_POLICY);
		return SMTP_COMMAND_FAILED;
	}
	session_reply(s, "354 End data with <CR><LF>.<CR><LF>");
	intake_begin(s);
	s->phase = SESSION_BODY;
	return SMTP_COMMAND_LATER;
}
