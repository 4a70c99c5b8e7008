"""Text to statements: sections, sentences, speakers, regions, quantities, topics. Pure."""
