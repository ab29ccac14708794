package io.sluice.app.config;

/**
 * One thing that is wrong with a configuration.
 *
 * @param file name of the file
 * @param line first line is 1; 0 where no line is to blame
 * @param setting its full name, such as {@code pipeline.linger}; empty for the file as a whole
 * @param value what is written there, a secret as {@code …}; empty where nothing is
 * @param remedy what to do about it
 */
public record Problem(String file, int line, String setting, String value, String remedy) {

    /** One readable line. */
    @Override
    public String toString() {
        String place = line > 0 ? file + ":" + line + ": " : file + ": ";
        if (setting.isEmpty()) {
            return place + remedy;
        }
        if (value.isEmpty()) {
            return place + setting + " " + remedy;
        }
        boolean goesOn = remedy.startsWith("which ") || remedy.startsWith("but ");
        return place + setting + " is \"" + value + "\"" + (goesOn ? ", " : "; ") + remedy;
    }
}
