import { geminiDialect, openAIDialect } from './adapters/dialect-server.ts';
import { visionLanguageModelContract } from './vision-language-model-contract.ts';

visionLanguageModelContract(openAIDialect);
visionLanguageModelContract(geminiDialect);
