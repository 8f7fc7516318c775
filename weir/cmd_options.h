/* cmd_options.h - what most sub-commands take: -c DIR. */
#ifndef WEIR_CMD_OPTIONS_H
#define WEIR_CMD_OPTIONS_H

struct generation;

/* cmd_options_dir(argc, argv): parse "[-c DIR]" and nothing else; the
 * directory ($MAIL_CONFIG, then /etc/weir, by default), or NULL after a usage
 * message. */
const char *cmd_options_dir(int argc, char **argv);

/* cmd_options_default_dir(): the directory where none is named. */
const char *cmd_options_default_dir(void);

/* cmd_options_read(command, dir): the configuration, or NULL after a message
 * on stderr. */
struct generation *cmd_options_read(const char *command, const char *dir);

#endif
