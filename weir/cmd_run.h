/* cmd_run.h - weir run, start, stop, reload, status. */
#ifndef WEIR_CMD_RUN_H
#define WEIR_CMD_RUN_H

int cmd_run(int argc, char **argv);        /* in the foreground */
int cmd_run_policy(int argc, char **argv); /* ... of policy alone */
int cmd_run_milter(int argc, char **argv); /* ... of milters alone */
int cmd_run_start(int argc, char **argv);  /* in the background */
int cmd_run_master(int argc, char **argv); /* what start leaves running */
int cmd_run_stop(int argc, char **argv);
int cmd_run_reload(int argc, char **argv);
int cmd_run_status(int argc, char **argv);

#endif
