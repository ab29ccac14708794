package io.sluice.sidecar;

/** What {@code --help} shows. */
final class Help {
    private static final int WIDTH = 100;
    private static final int INDENT = 32;

    private static final String HEAD =
            """
            usage: sluice-sidecar SOURCE... [OPTION...]

            Repeats what an application writes to files, sockets or the journal on stdout or stderr, where
            kubectl logs and the node's log agent find it.

              sluice-sidecar --file '/logs/*.log'
              sluice-sidecar --json --file /logs/app.log --name app --multiline '^\\d{4}-' --syslog /run/log/dev-log
            """;

    private static final String TAIL =
            """

            Each option may be set by the environment instead: --until-file as SLUICE_SIDECAR_UNTIL_FILE, one without a
            value as true, several sources of a kind with blanks between them. Sources of both are added up; else the
            argument wins. A word without -- is a --file. SIZE is 64KiB or 1MiB, TIME 500ms, 10s or 2m.

            Exit codes: 0 ended as asked; 1 failed; 2 an option is wrong or a source cannot be opened; 3 no memory was
            left; 4 nobody reads stdout or stderr any more; 5 not everything could be copied before --drain was over.
            """;

    private Help() {}

    static String text() {
        StringBuilder text = new StringBuilder(HEAD);
        for (Option.Group group : Option.Group.values()) {
            text.append('\n').append(group.title).append(":\n");
            for (Option option : Option.values()) {
                if (option.group == group) {
                    append(option, text);
                }
            }
        }
        return text.append(TAIL).toString();
    }

    private static void append(Option option, StringBuilder text) {
        String left = "  " + option.flag() + (option.hasValue() ? " " + option.value : "");
        text.append(left).append(" ".repeat(Math.max(2, INDENT - left.length())));
        int column = Math.max(left.length() + 2, INDENT);
        for (String word : option.help.split(" ", -1)) {
            if (column + word.length() > WIDTH) {
                text.setLength(text.length() - 1);
                text.append('\n').append(" ".repeat(INDENT));
                column = INDENT;
            }
            text.append(word).append(' ');
            column += word.length() + 1;
        }
        text.setLength(text.length() - 1);
        text.append('\n');
    }
}
