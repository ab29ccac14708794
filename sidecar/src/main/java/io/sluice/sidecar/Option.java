package io.sluice.sidecar;

import java.util.Arrays;
import java.util.Optional;

/**
 * Every option: what {@code --help} shows, {@code docs/SIDECAR.md} lists, and the environment may
 * set as {@code SLUICE_SIDECAR_…}.
 */
enum Option {
    FILE(
            Group.SOURCE,
            "PATH|GLOB",
            "follows a file, or each that the last name matches; over rotation and truncation"),
    PIPE(Group.SOURCE, "PATH", "reads a named pipe, again when its writers have gone"),
    UNIX(Group.SOURCE, "PATH", "listens on a unix stream socket; a line is what a newline ends"),
    UNIX_DATAGRAM(
            Group.SOURCE, "PATH", "listens on a unix datagram socket; a datagram is a message"),
    SYSLOG(Group.SOURCE, "PATH", "takes what syslog(3) sends there, such as /dev/log"),
    TCP(Group.SOURCE, "[HOST:]PORT", "listens for connections; HOST is 127.0.0.1 if not given"),
    UDP(Group.SOURCE, "[HOST:]PORT", "takes datagrams; each is a message"),
    JOURNAL(Group.SOURCE, "", "follows the running journal"),
    JOURNAL_DIRECTORY(Group.SOURCE, "DIR", "follows the journal files of a folder"),

    NAME(Group.STYLE, "TEXT", "what stands for the source; its path or address if not given"),
    STDERR(Group.STYLE, "", "lines go to stderr"),
    STDERR_IF(
            Group.STYLE, "PATTERN", "lines in which this regular expression is found go to stderr"),
    STDERR_SEVERITY(
            Group.STYLE,
            "LEVEL",
            "syslog and journal: messages as grave as this go to stderr: emerg, alert, crit, err,"
                    + " warning, notice, info, debug"),
    MULTILINE(
            Group.STYLE,
            "PATTERN",
            "files, pipes, streams: a line in which this is found begins a record; it is one line"
                    + " of JSON with those that follow. Implies --json"),
    KEEP_PRIORITY(Group.STYLE, "", "syslog: the <13> before a message stays"),
    JOURNAL_MATCH(
            Group.STYLE,
            "FIELD=VALUE",
            "journal: only such entries, as journalctl takes them; several: one of each field must"
                    + " match"),

    JSON(Group.OUTPUT, "", "each line is {\"source\":…,\"message\":…}"),
    PREFIX(Group.OUTPUT, "", "[source] stands before each line"),
    MAX_LINE(Group.OUTPUT, "SIZE", "longer lines are cut here and say so; default 1MiB"),

    POSITIONS(
            Group.LIFE,
            "DIR",
            "keeps how far files and journals were copied; without it, all is copied from the"
                    + " beginning at each start"),
    DRAIN(
            Group.LIFE,
            "TIME",
            "what may pass after the end was asked for until everything is copied; default 10s"),
    UNTIL_FILE(Group.LIFE, "PATH", "ends when this file is there"),
    UNTIL_EXIT_OF(Group.LIFE, "PID", "ends when this process has"),
    HEALTH_FILE(
            Group.LIFE,
            "PATH",
            "is there as long as all goes well: for an exec probe, test -e PATH"),
    HELP(Group.LIFE, "", "shows this"),
    VERSION(Group.LIFE, "", "shows the version");

    static final String ENVIRONMENT = "SLUICE_SIDECAR_";

    /** What an option is about. */
    enum Group {
        SOURCE("Sources; each may be given several times"),
        STYLE("For the source before it; before all sources, for each of them"),
        OUTPUT("What is written"),
        LIFE("Begin and end");

        final String title;

        Group(String title) {
            this.title = title;
        }
    }

    final Group group;

    /** What its value is, as the help says it; empty for an option without one. */
    final String value;

    final String help;

    Option(Group group, String value, String help) {
        this.group = group;
        this.value = value;
        this.help = help;
    }

    /** As it is typed. */
    String flag() {
        return "--" + name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    String variable() {
        return ENVIRONMENT + name();
    }

    boolean hasValue() {
        return !value.isEmpty();
    }

    static Optional<Option> ofFlag(String flag) {
        return Arrays.stream(values()).filter(option -> option.flag().equals(flag)).findFirst();
    }

    static Optional<Option> ofVariable(String variable) {
        return Arrays.stream(values())
                .filter(option -> option.variable().equals(variable))
                .findFirst();
    }
}
