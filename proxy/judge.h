/* judge.h - what the engine says about a session's command. */
#ifndef PROXY_JUDGE_H
#define PROXY_JUDGE_H

#include "classes/stage.h"
#include "proxy/smtp_command.h"

struct session;

/*
 * judge_stage(s, stage):
 * Evaluate ${stage} and take up its effects.  SMTP_COMMAND_DONE: it may go on;
 * SMTP_COMMAND_FAILED: refused, and replied; SMTP_COMMAND_AGAIN: only a worker
 * can tell.
 */
enum smtp_command_result judge_stage(struct session *s, enum stage stage);

#endif
