package io.sluice.app.config;

/** A setting that an operator can write: its full name, what it takes, its default. */
sealed interface Setting {

    /** Sections and key, {@code pipeline.linger}. */
    String name();

    /** As the documentation names it. */
    String type();

    /** The default as YAML; empty for none. */
    String byDefault();

    /** One value; what is written in {@code text} where the operator writes none. */
    record Defaulted<T>(String name, Type<T> of, String text) implements Setting {
        @Override
        public String type() {
            return of.name();
        }

        @Override
        public String byDefault() {
            return text.isEmpty() ? "\"\"" : text;
        }
    }

    /** One value, or none. */
    record Bare<T>(String name, Type<T> of) implements Setting {
        @Override
        public String type() {
            return of.name();
        }

        @Override
        public String byDefault() {
            return "";
        }
    }

    /** A list of values, empty by default. */
    record Listed<T>(String name, Type<T> of) implements Setting {
        @Override
        public String type() {
            return "list: " + of.name();
        }

        @Override
        public String byDefault() {
            return "[]";
        }
    }

    /** A list of mappings with one key, empty by default. */
    record Entries<T>(String name, String key, Type<T> of) implements Setting {
        @Override
        public String type() {
            return "list of {" + key + "}: " + of.name();
        }

        @Override
        public String byDefault() {
            return "[]";
        }
    }

    /** Names that the operator chooses, with a text each; empty by default. */
    record Mapped(String name) implements Setting {
        @Override
        public String type() {
            return "map of texts";
        }

        @Override
        public String byDefault() {
            return "{}";
        }
    }
}
