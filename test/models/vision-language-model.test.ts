import { geminiDialect, openAIDialect } from './dialect-server.ts';
import { visionLanguageModelContract } from './vision-language-model-contract.ts';

visionLanguageModelContract(openAIDialect);
visionLanguageModelContract(geminiDialect);
