package io.sluice.app.config;

import io.sluice.buffer.BufferConfig.Sync;
import io.sluice.elasticsearch.Secret;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.tail.TailConfig;
import io.sluice.tail.TailConfig.From;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What a setting's text may be, and what it means.
 *
 * @param name as the documentation has it
 * @param shown the text as a message may repeat it
 * @param parse from text to value
 */
record Type<T>(String name, UnaryOperator<String> shown, Function<String, Parsed<T>> parse) {
    private static final Pattern QUANTITY = Pattern.compile("(\\d+)\\s?([A-Za-z]*)");

    /** Timers count in nanoseconds. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private static final Map<String, Duration> TIME_UNITS =
            Map.of(
                    "ms", Duration.ofMillis(1),
                    "s", Duration.ofSeconds(1),
                    "m", Duration.ofMinutes(1),
                    "h", Duration.ofHours(1));

    private static final Map<String, Long> SIZE_UNITS =
            Map.ofEntries(
                    Map.entry("", 1L),
                    Map.entry("B", 1L),
                    Map.entry("KiB", 1L << 10),
                    Map.entry("MiB", 1L << 20),
                    Map.entry("GiB", 1L << 30),
                    Map.entry("TiB", 1L << 40),
                    Map.entry("kB", 1_000L),
                    Map.entry("KB", 1_000L),
                    Map.entry("MB", 1_000_000L),
                    Map.entry("GB", 1_000_000_000L),
                    Map.entry("TB", 1_000_000_000_000L));

    private static final String A_DURATION = "a duration such as 200ms, 5s or 1h";
    private static final String A_URL = "set a URL such as https://elasticsearch:9200";

    static final Type<String> TEXT = type("text", text -> new Parsed.Value<>(text));

    static final Type<String> KEY = type("text", "a key such as example.com/team", Type::notBlank);

    /** A user's name; somebody may write the password behind it. */
    static final Type<String> USER =
            new Type<>(
                    "text",
                    text -> text.replaceFirst("(?s):.*", ":…"),
                    text ->
                            text.isBlank() || text.indexOf(':') >= 0
                                    ? new Parsed.Wrong<>(
                                            "set a user's name; the password belongs in password")
                                    : new Parsed.Value<>(text));

    static final Type<Secret> SECRET = new Type<>("secret", text -> "…", Type::secret);

    static final Type<Path> PATH = type("path", "a path", Type::path);

    static final Type<Optional<Path>> PATH_OR_NONE =
            type("path, or empty for none", "a path, or \"\" for none", Type::pathOrNone);

    static final Type<Path> LOG_FILES = type("path, its last name may be a glob", Type::logFiles);

    static final Type<Duration> DURATION = type("duration", A_DURATION, Type::duration);

    static final Type<Long> SIZE =
            type("size", "a size such as 64MiB, 1GiB, 10MB or plain bytes", Type::size);

    static final Type<Integer> SIZE_BELOW_2_GIB =
            type(
                    "size",
                    "a size such as 512KiB or 1MiB, or plain bytes, below 2GiB",
                    text ->
                            size(text)
                                    .filter(bytes -> bytes <= Integer.MAX_VALUE)
                                    .map(Long::intValue));

    static final Type<Integer> NUMBER = type("number", "a whole number", Type::number);

    static final Type<Boolean> SWITCH =
            choice(List.of("true", "false"), text -> text.equals("true"));

    static final Type<HostPort> ADDRESS =
            type("host:port", "host:port, such as 127.0.0.1:2022 or [::1]:2022", Type::address);

    static final Type<URI> URL = type("URL", Type::url);

    static final Type<String> POD_GLOB = type("namespace/pod glob", Type::podGlob);

    /**
     * Number of encoders; one on a machine with two processors, where a second one gains nothing.
     */
    static final Type<Integer> THREADS =
            type(
                    "auto, or a number",
                    "auto, or a number of threads",
                    text ->
                            text.equals("auto")
                                    ? Optional.of(
                                            Runtime.getRuntime().availableProcessors() <= 2 ? 1 : 2)
                                    : number(text));

    static final Type<From> FROM =
            type(
                    "beginning, now, or a duration",
                    "beginning, now, or " + A_DURATION,
                    text ->
                            switch (text) {
                                case "beginning" -> Optional.of(new From.Beginning());
                                case "now" -> Optional.of(new From.Now());
                                default ->
                                        duration(text)
                                                .filter(Duration::isPositive)
                                                .map(From.Within::new);
                            });

    static final Type<Sync> SYNC =
            type(
                    "always, or a duration",
                    "always, or a duration such as 1s",
                    text ->
                            text.equals("always")
                                    ? Optional.of(new Sync.Always())
                                    : duration(text)
                                            .filter(Duration::isPositive)
                                            .map(Sync.Every::new));

    static final Type<KubernetesConfig.Api> API =
            type(
                    "inCluster, off, or a URL",
                    "inCluster, off, or an address like https://10.96.0.1:443, without a user",
                    Type::api);

    /** Takes every text that {@code parse} has a value for. */
    private static <T> Type<T> type(
            String name, String example, Function<String, Optional<T>> parse) {
        return type(
                name,
                text ->
                        parse.apply(text)
                                .<Parsed<T>>map(Parsed.Value::new)
                                .orElseGet(() -> new Parsed.Wrong<>("set " + example)));
    }

    private static <T> Type<T> type(String name, Function<String, Parsed<T>> parse) {
        return new Type<>(name, Type::withoutUser, parse);
    }

    /** One of these words. */
    static <T> Type<T> choice(List<String> words, Function<String, T> meaning) {
        String all =
                words.size() == 1
                        ? words.getFirst()
                        : String.join(", ", words.subList(0, words.size() - 1))
                                + " or "
                                + words.getLast();
        return type(
                all,
                words.size() == 1 ? all + ", the only one there is" : all,
                text -> words.contains(text) ? Optional.of(meaning.apply(text)) : Optional.empty());
    }

    /** Any text may be a URL, or a list of them, that has a password in it. */
    private static String withoutUser(String text) {
        return text.replaceAll("(?s)//.*@", "//…@");
    }

    private static Optional<String> notBlank(String text) {
        return Optional.of(text).filter(key -> !key.isBlank());
    }

    private static Parsed<Secret> secret(String text) {
        try {
            return new Parsed.Value<>(new Secret.Given(text));
        } catch (IllegalArgumentException e) {
            return new Parsed.Wrong<>("set the secret alone, without a line break inside");
        }
    }

    private static Optional<Path> path(String text) {
        try {
            return text.isBlank() ? Optional.empty() : Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static Optional<Optional<Path>> pathOrNone(String text) {
        if (text.isBlank()) {
            return Optional.of(Optional.empty());
        }
        Optional<Path> path = path(text);
        return path.isPresent() ? Optional.of(path) : Optional.empty();
    }

    private static Parsed<Path> logFiles(String text) {
        Optional<Path> path = path(text).filter(Path::isAbsolute);
        if (path.isEmpty() || path.get().getFileName() == null) {
            return new Parsed.Wrong<>("set an absolute path, such as /logs/*.log");
        }
        if (path.get().getParent().toString().indexOf('*') >= 0) {
            return new Parsed.Wrong<>("set a path with a glob in its last name only");
        }
        return isGlob(path.get().getFileName().toString())
                ? new Parsed.Value<>(path.get())
                : new Parsed.Wrong<>("set a glob that is complete, such as /logs/app-[0-9].log");
    }

    private static Parsed<String> podGlob(String text) {
        try {
            TailConfig _ = TailConfig.ofContainers(Path.of(".")).withExclude(List.of(text));
        } catch (IllegalArgumentException e) {
            return new Parsed.Wrong<>("set namespace/pod, such as \"kube-system/*\"");
        }
        return isGlob(text)
                ? new Parsed.Value<>(text)
                : new Parsed.Wrong<>("set a glob that is complete, such as \"kube-system/*\"");
    }

    private static boolean isGlob(String text) {
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + text) != null;
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    private static Optional<Duration> duration(String text) {
        Matcher quantity = QUANTITY.matcher(text.strip());
        if (!quantity.matches() || !TIME_UNITS.containsKey(quantity.group(2))) {
            return Optional.empty();
        }
        try {
            Duration unit = TIME_UNITS.get(quantity.group(2));
            Duration duration = unit.multipliedBy(Long.parseLong(quantity.group(1)));
            return Optional.of(duration).filter(time -> time.compareTo(LONGEST) <= 0);
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Long> size(String text) {
        Matcher quantity = QUANTITY.matcher(text.strip());
        if (!quantity.matches() || !SIZE_UNITS.containsKey(quantity.group(2))) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    Math.multiplyExact(
                            Long.parseLong(quantity.group(1)), SIZE_UNITS.get(quantity.group(2))));
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Integer> number(String text) {
        try {
            return Optional.of(Integer.valueOf(text));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<HostPort> address(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 1) {
            return Optional.empty();
        }
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (!bracketed && host.indexOf(':') >= 0) {
            return Optional.empty(); // An IPv6 address by itself: its end could be the port.
        }
        try {
            return Optional.of(
                    new HostPort(
                            bracketed ? host.substring(1, host.length() - 1) : host,
                            Integer.parseInt(text.substring(colon + 1))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Parsed<URI> url(String text) {
        URI url;
        try {
            url = new URI(text);
        } catch (URISyntaxException e) {
            return new Parsed.Wrong<>(A_URL);
        }
        if (url.getRawUserInfo() != null
                || (url.getRawAuthority() != null && url.getRawAuthority().indexOf('@') >= 0)) {
            return new Parsed.Wrong<>(
                    "set it without the user, and put user and password into"
                            + " elasticsearch.auth.basic");
        }
        boolean right =
                ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
                        && url.getHost() != null
                        && url.getPort() <= 65_535
                        && url.getRawQuery() == null
                        && url.getRawFragment() == null;
        return right ? new Parsed.Value<>(url) : new Parsed.Wrong<>(A_URL);
    }

    private static Optional<KubernetesConfig.Api> api(String text) {
        return switch (text) {
            case "inCluster" -> Optional.of(new KubernetesConfig.Api.InCluster());
            case "off" -> Optional.of(new KubernetesConfig.Api.Off());
            default -> {
                try {
                    yield Optional.of(new KubernetesConfig.Api.At(new URI(text)));
                } catch (URISyntaxException | IllegalArgumentException e) {
                    yield Optional.empty();
                }
            }
        };
    }
}
