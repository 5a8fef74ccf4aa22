"""Statistical learning: complexity, margins, generalisation, selection, design."""
