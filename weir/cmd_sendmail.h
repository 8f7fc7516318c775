/* cmd_sendmail.h - sendmail: mail of a user of this machine. */
#ifndef WEIR_CMD_SENDMAIL_H
#define WEIR_CMD_SENDMAIL_H

int cmd_sendmail(int argc, char **argv);

#endif
