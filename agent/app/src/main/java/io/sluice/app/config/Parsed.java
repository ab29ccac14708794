package io.sluice.app.config;

/** A text as the value it means, or what to write instead. */
sealed interface Parsed<T> {
    record Value<T>(T value) implements Parsed<T> {}

    /**
     * @param remedy begins with a verb: "set a duration such as 5s"
     */
    record Wrong<T>(String remedy) implements Parsed<T> {}
}
