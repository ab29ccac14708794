package io.sluice.sidecar;

import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Reads {@link Options} from the arguments and the environment. What the environment says stands
 * before the arguments: its sources come first, its styles are for each source, and of what may be
 * given once the argument wins.
 *
 * <p>A word without {@code --} is a {@code --file}.
 */
final class Arguments {
    private static final int DEFAULT_MAX_LINE_BYTES = 1024 * 1024;
    private static final int LEAST_MAX_LINE_BYTES = 1024;
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})(KiB|MiB)?");
    private static final Pattern TIME = Pattern.compile("(\\d{1,6})(ms|s|m)");

    /** What the kubelet sets for a Service that is named sluice-sidecar. */
    private static final Pattern SERVICE =
            Pattern.compile("SLUICE_SIDECAR_(SERVICE_(HOST|PORT.*)|PORT(_.*)?)");

    /** The launcher's own. */
    private static final String JAVA_OPTIONS = Option.ENVIRONMENT + "JAVA_OPTS";

    private static final String REMEDY = "; --help shows all options";

    /** What is wrong, and the remedy. */
    static final class WrongException extends Exception {
        private static final long serialVersionUID = 1;

        WrongException(String message) {
            super(message);
        }
    }

    /** A source, and the options that stand behind it. */
    private record Begun(Address address, Map<Option, List<String>> styles) {}

    private final Map<Option, List<String>> forAll = new EnumMap<>(Option.class);
    private final Map<Option, String> once = new EnumMap<>(Option.class);
    private final List<Begun> sources = new ArrayList<>();

    private Arguments() {}

    /** Whether nothing but the help or the version is wanted. */
    static boolean asksFor(Option option, List<String> words) {
        return words.contains(option.flag());
    }

    /**
     * @param environment all of it; what does not begin with {@link Option#ENVIRONMENT} is not
     *     looked at
     */
    static Options read(List<String> words, Map<String, String> environment) throws WrongException {
        Arguments arguments = new Arguments();
        arguments.readEnvironment(new TreeMap<>(environment));
        arguments.readWords(words);
        return arguments.options();
    }

    private void readEnvironment(Map<String, String> environment) throws WrongException {
        for (Map.Entry<String, String> entry : environment.entrySet()) {
            String variable = entry.getKey();
            String value = entry.getValue().strip();
            if (!variable.startsWith(Option.ENVIRONMENT)
                    || variable.equals(JAVA_OPTIONS)
                    || SERVICE.matcher(variable).matches()
                    || value.isEmpty()) {
                continue;
            }
            Option option =
                    Option.ofVariable(variable)
                            .orElseThrow(
                                    () ->
                                            new WrongException(
                                                    variable
                                                            + " is no option's variable; remove"
                                                            + " it"
                                                            + REMEDY));
            readVariable(option, variable, value);
        }
    }

    private void readVariable(Option option, String variable, String value) throws WrongException {
        if (!option.hasValue()) {
            switch (value) {
                case "true" -> take(option, "", Optional.empty());
                case "false" -> {}
                default ->
                        throw new WrongException(
                                variable + " is '" + value + "'; set true or false");
            }
        } else if (option.group == Option.Group.SOURCE) {
            for (String one : value.split("\\s+", -1)) {
                sources.add(new Begun(address(option, variable, one), new EnumMap<>(Option.class)));
            }
        } else {
            take(option, value, Optional.empty());
        }
    }

    private void readWords(List<String> words) throws WrongException {
        Optional<Begun> last = Optional.empty();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            Option option = Option.FILE;
            String value = word;
            if (word.startsWith("--")) {
                int equals = word.indexOf('=');
                String flag = equals < 0 ? word : word.substring(0, equals);
                option =
                        Option.ofFlag(flag)
                                .orElseThrow(
                                        () ->
                                                new WrongException(
                                                        "there is no option " + flag + REMEDY));
                if (!option.hasValue()) {
                    if (equals >= 0) {
                        throw new WrongException(
                                flag
                                        + " takes no value; leave out '"
                                        + word.substring(equals)
                                        + "'");
                    }
                    value = "";
                } else if (equals >= 0) {
                    value = word.substring(equals + 1);
                } else if (i + 1 < words.size()) {
                    i++;
                    value = words.get(i);
                } else {
                    throw new WrongException(flag + " needs a value, " + option.value + REMEDY);
                }
            } else if (word.startsWith("-") && word.length() > 1) {
                throw new WrongException("there is no option " + word + REMEDY);
            }
            if (option.group == Option.Group.SOURCE) {
                Begun begun =
                        new Begun(
                                address(option, option.flag(), value), new EnumMap<>(Option.class));
                sources.add(begun);
                last = Optional.of(begun);
            } else {
                take(option, value, last);
            }
        }
    }

    private void take(Option option, String value, Optional<Begun> source) {
        switch (option.group) {
            case SOURCE ->
                    sources.add(
                            new Begun(new Address.RunningJournal(), new EnumMap<>(Option.class)));
            case STYLE ->
                    source.map(Begun::styles)
                            .orElse(forAll)
                            .computeIfAbsent(option, _ -> new ArrayList<>())
                            .add(value);
            case OUTPUT, LIFE -> once.put(option, value);
        }
    }

    private static Address address(Option option, String said, String value) throws WrongException {
        return switch (option) {
            case FILE -> new Address.LogFiles(glob(said, value));
            case PIPE -> new Address.Pipe(path(said, value));
            case UNIX -> new Address.UnixStream(path(said, value));
            case UNIX_DATAGRAM -> new Address.UnixDatagram(path(said, value));
            case SYSLOG -> new Address.Syslog(path(said, value));
            case TCP -> new Address.Tcp(port(said, value));
            case UDP -> new Address.Udp(port(said, value));
            case JOURNAL -> new Address.RunningJournal();
            case JOURNAL_DIRECTORY -> new Address.JournalFolder(path(said, value));
            default -> throw new IllegalStateException(option + " is no source");
        };
    }

    private static Path path(String said, String value) throws WrongException {
        try {
            Path path = Path.of(value);
            if (path.isAbsolute() && path.getNameCount() > 0) {
                return path.normalize();
            }
        } catch (InvalidPathException _) {
            // Said below.
        }
        throw new WrongException(
                said
                        + " has '"
                        + value
                        + "', which is no absolute path; write one such as /logs/app.log");
    }

    private static Path glob(String said, String value) throws WrongException {
        Path path = path(said, value);
        if (path.getParent().toString().chars().anyMatch(c -> "*?[{".indexOf(c) >= 0)) {
            throw new WrongException(
                    said
                            + " has '"
                            + value
                            + "', a glob in a folder; only the last name may be one, such as"
                            + " /logs/*.log");
        }
        try {
            path.getFileSystem().getPathMatcher("glob:" + path.getFileName());
        } catch (PatternSyntaxException e) {
            throw new WrongException(
                    said + " has '" + value + "', which is no glob: " + e.getDescription());
        }
        return path;
    }

    private static InetSocketAddress port(String said, String value) throws WrongException {
        int colon = value.lastIndexOf(':');
        String host = colon < 0 ? "127.0.0.1" : value.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = Integer.parseInt(value.substring(colon + 1));
            if (port > 0 && port <= 65_535 && !host.isEmpty()) {
                InetSocketAddress address = new InetSocketAddress(host, port);
                if (!address.isUnresolved()) {
                    return address;
                }
                throw new WrongException(
                        said + " has '" + value + "', and no address is known for " + host);
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        throw new WrongException(
                said + " has '" + value + "'; write a port, 1 to 65535, or HOST:PORT");
    }

    private Options options() throws WrongException {
        if (sources.isEmpty()) {
            throw new WrongException(
                    "there is nothing to copy; name a source, such as --file '/logs/*.log'"
                            + REMEDY);
        }
        if (once.containsKey(Option.JSON) && once.containsKey(Option.PREFIX)) {
            throw new WrongException("--json and --prefix are both given; choose one");
        }
        int maxLineBytes = maxLine();
        List<Options.Wanted> wanted = new ArrayList<>();
        for (Begun begun : sources) {
            wanted.add(
                    new Options.Wanted(
                            begun.address,
                            style(begun, maxLineBytes),
                            styles(begun, Option.JOURNAL_MATCH)));
            for (String match : styles(begun, Option.JOURNAL_MATCH)) {
                if (match.indexOf('=') < 1) {
                    throw new WrongException(
                            "--journal-match has '"
                                    + match
                                    + "'; write FIELD=VALUE, such as _SYSTEMD_UNIT=app.service");
                }
            }
        }
        return new Options(
                wanted,
                maxLineBytes,
                path(Option.POSITIONS),
                drain(),
                path(Option.UNTIL_FILE),
                pid(),
                path(Option.HEALTH_FILE));
    }

    private Style style(Begun begun, int maxLineBytes) throws WrongException {
        Optional<Pattern> begins = pattern(begun, Option.MULTILINE);
        Style.Wrapping wrapping =
                once.containsKey(Option.JSON) || begins.isPresent()
                        ? Style.Wrapping.JSON
                        : once.containsKey(Option.PREFIX)
                                ? Style.Wrapping.PREFIX
                                : Style.Wrapping.NONE;
        return new Style(
                last(begun, Option.NAME),
                styles(begun, Option.STDERR).isEmpty()
                        ? Outlets.Target.STDOUT
                        : Outlets.Target.STDERR,
                pattern(begun, Option.STDERR_IF),
                severity(begun),
                begins,
                styles(begun, Option.KEEP_PRIORITY).isEmpty()
                        ? Style.Priority.STRIPPED
                        : Style.Priority.KEPT,
                wrapping,
                maxLineBytes);
    }

    private List<String> styles(Begun begun, Option option) {
        List<String> own = begun.styles.get(option);
        return own == null ? forAll.getOrDefault(option, List.of()) : own;
    }

    private Optional<String> last(Begun begun, Option option) {
        List<String> all = styles(begun, option);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    private Optional<Pattern> pattern(Begun begun, Option option) throws WrongException {
        Optional<String> text = last(begun, option);
        try {
            return text.map(LineBytes::pattern);
        } catch (PatternSyntaxException e) {
            throw new WrongException(
                    option.flag()
                            + " has '"
                            + text.orElse("")
                            + "', which is no regular expression: "
                            + e.getDescription()
                            + " at character "
                            + (e.getIndex() + 1));
        }
    }

    private Optional<Severity> severity(Begun begun) throws WrongException {
        Optional<String> text = last(begun, Option.STDERR_SEVERITY);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Severity> severity = Severity.named(text.get());
        if (severity.isEmpty()) {
            throw new WrongException(
                    "--stderr-severity has '"
                            + text.get()
                            + "'; choose emerg, alert, crit, err, warning, notice, info or debug");
        }
        return severity;
    }

    private int maxLine() throws WrongException {
        String text = once.get(Option.MAX_LINE);
        if (text == null) {
            return DEFAULT_MAX_LINE_BYTES;
        }
        Matcher size = SIZE.matcher(text);
        long bytes = -1;
        if (size.matches()) {
            String unit = size.group(2);
            long factor = unit == null ? 1 : unit.equals("KiB") ? 1024 : 1024 * 1024;
            bytes = Long.parseLong(size.group(1)) * factor;
        }
        // A held line grows by copying, and others are held beside it.
        long most = Runtime.getRuntime().maxMemory() / 4;
        if (bytes < LEAST_MAX_LINE_BYTES || bytes > most) {
            throw new WrongException(
                    "--max-line is '"
                            + text
                            + "'; set 1KiB to "
                            + most / 1024
                            + "KiB (a quarter of the heap: SLUICE_SIDECAR_JAVA_OPTS=-Xmx…), or"
                            + " remove it for the default 1MiB");
        }
        return (int) bytes;
    }

    private Duration drain() throws WrongException {
        String text = once.getOrDefault(Option.DRAIN, "10s");
        Matcher time = TIME.matcher(text);
        if (!time.matches()) {
            throw new WrongException(
                    "--drain is '" + text + "'; write a time such as 10s, 500ms or 2m");
        }
        long number = Long.parseLong(time.group(1));
        return switch (time.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            default -> Duration.ofMinutes(number);
        };
    }

    private Optional<Path> path(Option option) throws WrongException {
        String text = once.get(option);
        return text == null ? Optional.empty() : Optional.of(path(option.flag(), text));
    }

    private Optional<Long> pid() throws WrongException {
        String text = once.get(Option.UNTIL_EXIT_OF);
        if (text == null) {
            return Optional.empty();
        }
        try {
            long pid = Long.parseLong(text);
            if (pid > 0) {
                return Optional.of(pid);
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        throw new WrongException(
                "--until-exit-of is '" + text + "'; write the number of a process, such as 7");
    }
}
